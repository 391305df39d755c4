import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { expect } from "vitest";
import { publicClient } from "./platform.ts";

/** An address that nobody else has. */
export const anAddress = (name = "ada"): string =>
  `${name}-${randomUUID().slice(0, 8)}@example.test`;

export const password = "correct horse battery";

/** Somebody with an account and a client that is signed in. */
export const anAccount = async (name = "ada", metadata: Record<string, unknown> = {}) => {
  const client = publicClient();
  const email = anAddress(name);
  const options = { data: { full_name: name, ...metadata } };
  const { data, error } = await client.auth.signUp({ email, password, options });
  expect(error).toBeNull();
  const { user, session } = data;
  if (!user || !session) throw new Error("The project must have email confirmations off.");
  return { client, email, id: user.id, user, session };
};

/** Somebody who has not said who they are. */
export const aGuest = async (metadata: Record<string, unknown> = {}) => {
  const client = publicClient();
  const { data, error } = await client.auth.signInAnonymously({ options: { data: metadata } });
  expect(error).toBeNull();
  const { user, session } = data;
  if (!user || !session) throw new Error("The project must allow anonymous sign-ins.");
  return { client, id: user.id, user, session };
};

/** What a session's access token says. */
export const claimsOf = (session: { access_token: string } | null | undefined) =>
  decodeJwt(session?.access_token ?? "");
