import { inject } from "vitest";
import type { Database } from "../../types/database.ts";
import { clientAt } from "./client.ts";

export type Client = ReturnType<typeof clientWith>;

/** Somebody who uses the shop, with a client of their own. */
export interface Actor {
  name: string;
  client: Client;
  /** Their user id; empty for those who are not signed in. */
  id: string;
  email: string;
}

let counter = 0;

/** A text that no other test uses. */
export const unique = (prefix: string): string =>
  `${prefix}-${Date.now().toString(36)}-${process.pid.toString(36)}-${(counter++).toString(36)}`;

export const clientWith = (key: string) => clientAt<Database>(inject("project").url, key);

/** The key that servers hold: sees and does everything. */
export const service = (): Actor => ({
  name: "service",
  client: clientWith(inject("project").secretKey),
  id: "",
  email: "",
});

/** Somebody who has not even a guest session. */
export const anon = (): Actor => ({
  name: "anon",
  client: clientWith(inject("project").publishableKey),
  id: "",
  email: "",
});

/** A shopper without an account. */
export const guest = async (): Promise<Actor> => {
  const client = clientWith(inject("project").publishableKey);
  const { data, error } = await client.auth.signInAnonymously();
  if (error || !data.user) throw new Error(`guest sign-in failed: ${error?.message}`);
  return { name: "guest", client, id: data.user.id, email: "" };
};

export const password = "correct horse battery staple";

/** A new account without any role but `customer`. */
export const customer = async (name = "ada"): Promise<Actor> => {
  const client = clientWith(inject("project").publishableKey);
  const email = `${unique(name)}@example.test`;
  const { data, error } = await client.auth.signUp({ email, password });
  if (error || !data.user) throw new Error(`sign-up failed: ${error?.message}`);
  return { name, client, id: data.user.id, email };
};

const withRole = async (name: string, role: "support" | "admin"): Promise<Actor> => {
  const actor = await customer(name);
  const { error } = await service().client.rpc("grant_role", { user_id: actor.id, role });
  if (error) throw new Error(`grant_role failed: ${error.message}`);
  return actor;
};

export const support = () => withRole("kit", "support");
export const admin = () => withRole("mod", "admin");

/** An account that owns an active shop of the marketplace. */
export const seller = async (name = "sol"): Promise<Actor & { sellerId: string }> => {
  const actor = await customer(name);
  const registered = await actor.client.rpc("register_seller", { name: unique(name) });
  if (registered.error) throw new Error(`register_seller failed: ${registered.error.message}`);
  const sellerId = registered.data.id;
  const { error } = await service().client.rpc("set_seller_status", {
    seller_id: sellerId,
    status: "active",
  });
  if (error) throw new Error(`set_seller_status failed: ${error.message}`);
  return { ...actor, sellerId };
};
