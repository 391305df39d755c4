import { expect, test } from "vitest";
import { z } from "zod";
import { platform, publicClient, serviceClient } from "../support/platform.ts";
import { connect } from "../support/sql.ts";

const { admin } = serviceClient().auth;
const password = "correct horse battery";

const newEmail = () => `${crypto.randomUUID()}@example.com`;

/** A user with an open account, as staff make it. */
const aUser = async (attributes: { full_name?: string } = {}) => {
  const email = newEmail();
  const { data, error } = await admin.createUser({
    email,
    password,
    email_confirm: true,
    user_metadata: attributes,
  });
  if (error) throw error;
  return { ...data.user, email };
};

const signIn = async (email: string, secret = password) => {
  const client = publicClient();
  const { data, error } = await client.auth.signInWithPassword({ email, password: secret });
  return { client, user: data.user, error };
};

/** An admin call that supabase-js has no method for. */
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${platform().url}/auth/v1${path}`, {
    ...init,
    headers: { apikey: platform().secretKey, "content-type": "application/json", ...init.headers },
  });

test("staff create a user who signs in at once", async () => {
  const email = newEmail();
  const { data, error } = await admin.createUser({
    email: email.toUpperCase(),
    password,
    email_confirm: true,
    user_metadata: { full_name: "Ada" },
    app_metadata: { plan: "gold" },
  });
  expect(error).toBeNull();
  expect(data.user).toMatchObject({
    email,
    aud: "authenticated",
    role: "authenticated",
    user_metadata: { full_name: "Ada", email_verified: true },
    app_metadata: { provider: "email", providers: ["email"], plan: "gold" },
    identities: [{ provider: "email", identity_data: { email } }],
  });
  expect(data.user?.email_confirmed_at).toBeTruthy();
  expect((await signIn(email)).user?.id).toBe(data.user?.id);
});

test("without email_confirm the account waits for its owner", async () => {
  const email = newEmail();
  const { data } = await admin.createUser({ email, password });
  expect(data.user?.email_confirmed_at).toBeUndefined();
  expect((await signIn(email)).error?.code).toBe("email_not_confirmed");
});

test("a user may have a number instead, an id of the caller's choice, and a hash for a password", async () => {
  const id = crypto.randomUUID();
  const phone = `44163296${String(Math.floor(Math.random() * 1e6)).padStart(6, "0")}`;
  const { data } = await admin.createUser({ id, phone: `+${phone}`, phone_confirm: true });
  expect(data.user).toMatchObject({
    id,
    phone,
    app_metadata: { provider: "phone" },
    identities: [{ provider: "phone" }],
  });
  expect(data.user?.phone_confirmed_at).toBeTruthy();
  const taken = await admin.createUser({ phone });
  expect(taken.error).toMatchObject({ status: 422, code: "phone_exists" });

  const email = newEmail();
  // bcrypt of "opensesame", cost 4
  const password_hash = "$2b$04$iErm5wLA8GU/fDYwwmLn.eBQR61vzuxupaV4MFocRlfKXwYvhkIty";
  await admin.createUser({ email, email_confirm: true, password_hash });
  expect((await signIn(email, "opensesame")).error).toBeNull();
});

test.each([
  [{}, 400, "validation_failed"],
  [{ email: "not an address" }, 400, "validation_failed"],
  [{ phone: "12-34" }, 400, "validation_failed"],
  [{ email: "x@example.com", id: "one" }, 400, "validation_failed"],
  [{ email: "x@example.com", ban_duration: "for ever" }, 400, "validation_failed"],
  [{ email: "x@example.com", password: "x", password_hash: "y" }, 400, "validation_failed"],
  [{ email: "x@example.com", password: "short" }, 422, "weak_password"],
  [{ email: "x@example.com", user_metadata: { name: "\0" } }, 400, "validation_failed"],
])("createUser(%j) is refused", async (attributes, status, code) => {
  const { error } = await admin.createUser(attributes);
  expect(error).toMatchObject({ status, code });
});

test("an address has one user", async () => {
  const { email } = await aUser();
  const { error } = await admin.createUser({ email });
  expect(error).toMatchObject({
    status: 422,
    code: "email_exists",
    message: "A user with this email address has already been registered",
  });
});

test("users are listed newest first, page by page", async () => {
  const made = [await aUser(), await aUser(), await aUser()];
  const first = await admin.listUsers({ page: 1, perPage: 2 });
  expect(first.error).toBeNull();
  expect(first.data).toMatchObject({ aud: "authenticated", nextPage: 2 });
  expect(first.data.users).toHaveLength(2);
  if (!("total" in first.data)) throw new Error("A list has its total");
  expect(first.data.total).toBeGreaterThanOrEqual(3);
  const instants = first.data.users.map(({ created_at }) => created_at);
  expect(instants).toEqual([...instants].sort().reverse());

  const everybody = await ask("/admin/users?per_page=100000&sort=created_at+asc");
  const { users } = z
    .object({ users: z.array(z.object({ id: z.string() })) })
    .parse(await everybody.json());
  const ids = users.map(({ id }) => id);
  expect(ids.filter((id) => made.some((user) => user.id === id))).toEqual(made.map(({ id }) => id));
  expect(everybody.headers.get("x-total-count")).toBe(String(ids.length));
  expect(everybody.headers.get("link")).toBe(
    '</admin/users?page=1&per_page=100000&sort=created_at+asc>; rel="last"',
  );
});

test("a filter finds users by a part of their address or name", async () => {
  const name = `Zenobia ${crypto.randomUUID()}`;
  const user = await aUser({ full_name: name });
  for (const filter of [user.email.slice(0, 20), name.toLowerCase().slice(0, 30)]) {
    const response = await ask(`/admin/users?filter=${encodeURIComponent(filter)}`);
    expect(response.headers.get("x-total-count")).toBe("1");
    expect(await response.json()).toMatchObject({ users: [{ id: user.id }] });
  }
});

test.each(["page=x", "per_page=0", "per_page=-1", "sort=email", "sort=created_at+sideways"])(
  "listing by %s is refused",
  async (query) => {
    const response = await ask(`/admin/users?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: "validation_failed" });
  },
);

test("one user is found by id, and nobody by another", async () => {
  const user = await aUser();
  expect((await admin.getUserById(user.id)).data.user?.email).toBe(user.email);
  const { error } = await admin.getUserById(crypto.randomUUID());
  expect(error).toMatchObject({ status: 404, code: "user_not_found" });
  const odd = await ask("/admin/users/not-a-uuid");
  expect(odd.status).toBe(404);
  expect(await odd.json()).toMatchObject({ error_code: "validation_failed" });
});

test("metadata is merged, and a null takes a key away", async () => {
  const { id } = await aUser({ full_name: "Ada" });
  await admin.updateUserById(id, { user_metadata: { colour: "red" }, app_metadata: { plan: "a" } });
  const { data } = await admin.updateUserById(id, {
    user_metadata: { colour: null, size: 3 },
    app_metadata: { level: 2 },
  });
  expect(data.user?.user_metadata).toEqual({ full_name: "Ada", email_verified: true, size: 3 });
  expect(data.user?.app_metadata).toMatchObject({ plan: "a", level: 2, provider: "email" });
});

test("a new address and password are the user's at once; the sessions from before end", async () => {
  const user = await aUser();
  const { client } = await signIn(user.email);
  const email = newEmail();
  const { data } = await admin.updateUserById(user.id, {
    email,
    password: "another battery 2",
    email_confirm: true,
  });
  expect(data.user).toMatchObject({ email, identities: [{ identity_data: { email } }] });
  expect((await signIn(email, "another battery 2")).user?.id).toBe(user.id);
  expect((await signIn(user.email)).error?.code).toBe("invalid_credentials");
  expect((await client.auth.getUser()).error).not.toBeNull();
  const weak = await admin.updateUserById(user.id, { password: "short" });
  expect(weak.error).toMatchObject({ status: 422, code: "weak_password" });
});

test("an address that somebody has is a failure of the change", async () => {
  const [user, other] = [await aUser(), await aUser()];
  // GoTrue leaves this to the database (internal/api/admin.go), so it is a 500.
  const response = await ask(`/admin/users/${user.id}`, {
    method: "PUT",
    headers: { "x-supabase-api-version": "2024-01-01" },
    body: JSON.stringify({ email: other.email }),
  });
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    code: "unexpected_failure",
    message: "Error updating user",
  });
  expect((await admin.getUserById(user.id)).data.user?.email).toBe(user.email);
});

test("links that were sent to an address that staff replace are void", async () => {
  const user = await aUser();
  const { data } = await admin.generateLink({ type: "recovery", email: user.email });
  await admin.updateUserById(user.id, { email: newEmail(), email_confirm: true });
  const token_hash = data.properties?.hashed_token ?? "";
  const { error } = await publicClient().auth.verifyOtp({ type: "recovery", token_hash });
  expect(error).toMatchObject({ status: 403, code: "otp_expired" });
});

test("staff make a guest a permanent user with the same id", async () => {
  const guest = publicClient();
  const { data: before } = await guest.auth.signInAnonymously();
  const email = newEmail();
  const { data } = await admin.updateUserById(before.user?.id ?? "", {
    email,
    email_confirm: true,
  });
  expect(data.user).toMatchObject({ id: before.user?.id, email, is_anonymous: false });
});

test("a banned user cannot sign in or refresh until the ban is lifted", async () => {
  const user = await aUser();
  const { client } = await signIn(user.email);
  const { data } = await admin.updateUserById(user.id, { ban_duration: "1h30m" });
  const until = Date.parse(z.object({ banned_until: z.string() }).parse(data.user).banned_until);
  expect(until - Date.now()).toBeGreaterThan(89 * 60_000);
  expect(until - Date.now()).toBeLessThan(91 * 60_000);
  expect((await signIn(user.email)).error?.code).toBe("user_banned");
  expect((await client.auth.refreshSession()).error?.code).toBe("user_banned");
  await admin.updateUserById(user.id, { ban_duration: "none" });
  expect((await signIn(user.email)).error).toBeNull();
});

test("a deleted user is gone, and the address is free", async () => {
  const user = await aUser();
  const { client } = await signIn(user.email);
  expect((await admin.deleteUser(user.id)).error).toBeNull();
  expect((await admin.getUserById(user.id)).error?.code).toBe("user_not_found");
  expect((await signIn(user.email)).error?.code).toBe("invalid_credentials");
  expect((await client.auth.getUser()).error?.code).toBe("user_not_found");
  expect((await admin.deleteUser(user.id)).error?.code).toBe("user_not_found");
  expect((await admin.createUser({ email: user.email })).error).toBeNull();
});

test("a softly deleted user leaves a row that says nothing, and a free address", async () => {
  const user = await aUser({ full_name: "Ada" });
  expect((await admin.deleteUser(user.id, true)).error).toBeNull();
  const { data } = await admin.getUserById(user.id);
  expect(data.user).toMatchObject({ user_metadata: {}, app_metadata: {} });
  expect(data.user?.deleted_at).toBeTruthy();
  expect(JSON.stringify(data.user)).not.toMatch(new RegExp(`Ada|${user.email}`));
  expect((await signIn(user.email)).error?.code).toBe("invalid_credentials");
  expect((await admin.createUser({ email: user.email })).error).toBeNull();
});

test("staff end a user's session by its token", async () => {
  const user = await aUser();
  const { client } = await signIn(user.email);
  const { data } = await client.auth.getSession();
  expect((await admin.signOut(data.session?.access_token ?? "")).error).toBeNull();
  expect((await client.auth.getUser()).error).not.toBeNull();
});

test("what staff do stands in the audit log", async () => {
  const user = await aUser();
  await admin.deleteUser(user.id);
  const response = await ask("/admin/audit?query=action:user_deleted&per_page=1000");
  expect(response.status).toBe(200);
  expect(Number(response.headers.get("x-total-count"))).toBeGreaterThan(0);
  const entries = z
    .array(z.object({ payload: z.looseObject({ traits: z.looseObject({}).optional() }) }))
    .parse(await response.json());
  const entry = entries.find(({ payload }) => payload.traits?.user_id === user.id);
  expect(entry?.payload).toMatchObject({
    action: "user_deleted",
    log_type: "team",
    actor_username: "service_role",
    traits: { user_email: user.email },
  });
  expect((await ask("/admin/audit?query=colour:red")).status).toBe(400);
});

test("a failing trigger keeps the user from being made", async ({ skip }) => {
  const sql = connect();
  if (!sql) return skip("the database cannot be reached directly");
  const name = `refuse_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(`
    create function public.${name}() returns trigger language plpgsql as
      $$ begin if new.email like '${name}%' then raise 'no'; end if; return new; end $$;
    create trigger ${name} before insert on auth.users
      for each row execute function public.${name}();`);
  // supabase-js takes any 500 for a lost connection and drops what it says.
  const response = await ask("/admin/users", {
    method: "POST",
    body: JSON.stringify({ email: `${name}@example.com` }),
  });
  // The table is Auth's, so its trigger can only go with the function.
  await sql.unsafe(`drop function public.${name}() cascade`);
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({
    error_code: "unexpected_failure",
    msg: "Database error creating new user",
  });
});

test("nobody without the secret key may do any of it", async () => {
  const user = await aUser();
  const { client } = await signIn(user.email);
  const calls = [
    client.auth.admin.listUsers(),
    client.auth.admin.createUser({ email: newEmail() }),
    client.auth.admin.getUserById(user.id),
    client.auth.admin.updateUserById(user.id, { role: "service_role" }),
    client.auth.admin.deleteUser(user.id),
    client.auth.admin.inviteUserByEmail(newEmail()),
    client.auth.admin.generateLink({ type: "magiclink", email: user.email }),
    client.auth.admin.mfa.listFactors({ userId: user.id }),
  ];
  for (const call of calls) {
    expect((await call).error).toMatchObject({ status: 403, code: "not_admin" });
  }
});
