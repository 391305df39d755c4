import { beforeAll, describe, expect, test } from "vitest";
import { UserAnswer, UserList } from "../../supabase/functions/_shared/contracts/index.ts";
import {
  type Actor,
  admin,
  anon,
  customer,
  guest,
  password,
  support,
  unique,
} from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";

let mod: Actor;
let kit: Actor;
let ada: Actor;

beforeAll(async () => {
  [mod, kit, ada] = await Promise.all([admin(), support(), customer("ada")]);
});

const listed = async ({ client }: Actor, search: string) =>
  UserList.parse(await ok(client.rpc("list_users", { search })));

/** Asks the function `users`; its answer, or the problem's code. */
const ask = async ({ client }: Actor, action: string, body: Record<string, unknown>) => {
  const { data, error } = await client.functions.invoke(`users/${action}`, { body });
  if (!error) return UserAnswer.parse(data).user_id;
  const problem: { code?: string } = await error.context.json();
  return problem.code;
};

const signIn = ({ email }: { email: string }, secret = password) =>
  anon().client.auth.signInWithPassword({ email, password: secret });

describe("staff see users", () => {
  test("by a part of the address or the name, with roles and standing", async () => {
    await ok(
      ada.client.from("profiles").update({ full_name: "Ada Byron" }).eq("user_id", ada.id).select(),
    );
    for (const staff of [kit, mod]) {
      const { total, users } = await listed(staff, ada.email.toUpperCase());
      expect(total).toBe(1);
      expect(users).toMatchObject([
        {
          id: ada.id,
          email: ada.email,
          full_name: "Ada Byron",
          roles: ["customer"],
          is_anonymous: false,
          is_confirmed: true,
          has_second_factor: false,
          banned_until: null,
        },
      ]);
    }
    expect((await listed(kit, "ada byron")).users.map(({ id }) => id)).toContain(ada.id);
    const gil = await guest();
    expect((await listed(kit, gil.id)).users).toMatchObject([{ email: null, is_anonymous: true }]);
  });

  test("customers and guests do not", async () => {
    for (const { client } of [ada, await guest()]) {
      expect((await refusal(client.rpc("list_users"))).code).toBe("forbidden");
    }
  });
});

describe("an admin", () => {
  test("makes an account that is open at once", async () => {
    const email = `${unique("new")}@example.test`;
    const id = await ask(mod, "create", { email, password, full_name: "New Person" });
    expect((await signIn({ email })).data.user?.id).toBe(id);
    expect((await listed(mod, email)).users).toMatchObject([{ id, full_name: "New Person" }]);
    expect(await ask(mod, "create", { email })).toBe("user_exists");
  });

  test("invites people by mail", async () => {
    const email = `${unique("invited")}@example.test`;
    const id = await ask(mod, "invite", { email, full_name: "Ivy" });
    expect((await listed(mod, email)).users).toMatchObject([{ id, is_confirmed: false }]);
  });

  test("bans somebody and lifts the ban", async () => {
    const bo = await customer("bo");
    expect(await ask(mod, "ban", { user_id: bo.id, hours: 24 })).toBe(bo.id);
    expect((await signIn(bo)).error?.code).toBe("user_banned");
    const [banned] = (await listed(kit, bo.email)).users;
    expect(Date.parse(banned?.banned_until ?? "")).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    await ask(mod, "ban", { user_id: bo.id, hours: null });
    expect((await signIn(bo)).error).toBeNull();
  });

  test("deletes an account", async () => {
    const bo = await customer("bo");
    expect(await ask(mod, "delete", { user_id: bo.id })).toBe(bo.id);
    expect((await listed(mod, bo.id)).total).toBe(0);
    expect(await ask(mod, "delete", { user_id: bo.id })).toBe("user_not_found");
  });

  test("cannot ban or delete the own account", async () => {
    expect(await ask(mod, "ban", { user_id: mod.id, hours: 1 })).toBe("own_account");
    expect(await ask(mod, "delete", { user_id: mod.id })).toBe("own_account");
  });
});

test("nobody else changes accounts", async () => {
  const orders = [
    ["create", { email: `${unique("new")}@example.test` }],
    ["invite", { email: `${unique("new")}@example.test` }],
    ["ban", { user_id: mod.id, hours: 1 }],
    ["delete", { user_id: mod.id }],
  ] as const;
  for (const [action, body] of orders) {
    for (const actor of [kit, ada]) expect(await ask(actor, action, body)).toBe("forbidden");
  }
  expect((await signIn(mod)).error).toBeNull();
});
