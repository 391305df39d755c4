import type { SupabaseClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { publicClient } from "../support/platform.ts";
import {
  type Answer,
  application,
  goThrough,
  pkceClient,
  reasonToSkip,
  signIn,
  somebody,
} from "./sandbox.ts";

/** Links an identity as a browser would; where it lands. */
const link = async (client: SupabaseClient, provider: "google" | "github", person: Answer) => {
  const { data, error } = await client.auth.linkIdentity({
    provider,
    options: { redirectTo: application, skipBrowserRedirect: true },
  });
  if (error) throw error;
  return goThrough(data.url ?? "", person);
};

const providersOf = async (client: SupabaseClient) =>
  (await client.auth.getUserIdentities()).data?.identities.map(({ provider }) => provider);

describe.skipIf(await reasonToSkip())("identities", () => {
  test("a signed-in user adds a way to sign in, whatever its address", async () => {
    const client = publicClient();
    const [person, elsewhere] = [somebody(), somebody()];
    const { user } = await signIn(client, "google", person);
    const landed = await link(client, "github", elsewhere);
    expect(landed.hash).toContain("access_token");
    expect(await providersOf(client)).toEqual(["google", "github"]);
    const back = await signIn(publicClient(), "github", elsewhere);
    expect(back.user.id).toBe(user.id);
    expect(back.user.email).toBe(person.email);
  });

  test("a guest who links an identity keeps the id and is a guest no longer", async () => {
    const client = publicClient();
    const { data: guest } = await client.auth.signInAnonymously();
    const person = somebody();
    const landed = await link(client, "google", person);
    const fragment = new URLSearchParams(landed.hash.slice(1));
    const { data } = await client.auth.setSession({
      access_token: fragment.get("access_token") ?? "",
      refresh_token: fragment.get("refresh_token") ?? "",
    });
    expect(data.user).toMatchObject({
      id: guest.user?.id,
      email: person.email,
      is_anonymous: false,
      app_metadata: { provider: "google", providers: ["google"] },
    });
    const { data: claims } = await client.auth.getClaims();
    expect(claims?.claims.is_anonymous).toBe(false);
  });

  test("with PKCE the link ends in a code", async () => {
    const client = pkceClient();
    const { data: guest } = await client.auth.signInAnonymously();
    const landed = await link(client, "github", somebody());
    const { data, error } = await client.auth.exchangeCodeForSession(
      landed.searchParams.get("code") ?? "",
    );
    expect(error).toBeNull();
    expect(data.user?.id).toBe(guest.user?.id);
  });

  test("an identity has one owner", async () => {
    const [ada, bo] = [publicClient(), publicClient()];
    const person = somebody();
    await signIn(ada, "google", person);
    await signIn(bo, "github", somebody());
    const taken = await link(bo, "google", person);
    expect(taken.searchParams.get("error_code")).toBe("identity_already_exists");
    expect(taken.searchParams.get("error_description")).toBe(
      "Identity is already linked to another user",
    );
    const twice = await link(ada, "google", person);
    expect(twice.searchParams.get("error_description")).toBe("Identity is already linked");
  });

  test("a guest cannot take an address that somebody has", async () => {
    const person = somebody();
    await signIn(publicClient(), "google", person);
    const guest = publicClient();
    await guest.auth.signInAnonymously();
    const landed = await link(guest, "github", person);
    expect(landed.searchParams.get("error_code")).toBe("email_exists");
  });

  test("who removes an identity cannot sign in with it any more", async () => {
    const client = publicClient();
    const [person, elsewhere] = [somebody(), somebody()];
    const { user } = await signIn(client, "google", person);
    await link(client, "github", elsewhere);
    const { data } = await client.auth.getUserIdentities();
    const [google, github] = data?.identities ?? [];
    if (!google || !github) throw new Error("Two identities were linked");

    // The address was the removed identity's, so the one that is left gives its own.
    expect((await client.auth.unlinkIdentity(google)).error).toBeNull();
    const { data: now } = await client.auth.getUser();
    expect(now.user).toMatchObject({
      id: user.id,
      email: elsewhere.email,
      app_metadata: { provider: "github", providers: ["github"] },
    });
    const last = await client.auth.unlinkIdentity(github);
    expect(last.error).toMatchObject({ status: 422, code: "single_identity_not_deletable" });
    expect((await signIn(publicClient(), "google", person)).user.id).not.toBe(user.id);
  });

  test("nobody removes another's identity", async () => {
    const [ada, bo] = [publicClient(), publicClient()];
    await signIn(ada, "google", somebody());
    await signIn(bo, "google", somebody());
    await link(bo, "github", somebody());
    const { data } = await ada.auth.getUserIdentities();
    const [identity] = data?.identities ?? [];
    if (!identity) throw new Error("Ada has an identity");
    expect((await bo.auth.unlinkIdentity(identity)).error).toMatchObject({
      status: 422,
      code: "identity_not_found",
    });
  });
});
