import { generate } from "otplib";
import { describe, expect, test } from "vitest";
import {
  type Actor,
  admin,
  customer,
  password,
  seller,
  service,
  support,
} from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";

/** Enrols an authenticator app and shows its code: the client's session has two factors then. */
const protect = async ({ client }: Actor) => {
  const { data } = await client.auth.mfa.enroll({ factorType: "totp", friendlyName: "phone" });
  if (data?.type !== "totp") throw new Error("enrolling failed");
  const show = async () => {
    const code = await generate({ secret: data.totp.secret });
    const { error } = await client.auth.mfa.challengeAndVerify({ factorId: data.id, code });
    if (error) throw error;
  };
  await show();
  return { factorId: data.id, show };
};

/** Signs in again, with the password alone. */
const returnWithPassword = async ({ client, email }: Actor) => {
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
};

describe("staff with two-factor sign-in", () => {
  test("an admin acts as one only after the second factor", async () => {
    const [mod, ada] = [await admin(), await customer("ada")];
    const { show } = await protect(mod);
    const grant = () => mod.client.rpc("grant_role", { user_id: ada.id, role: "support" });
    expect(await ok(grant())).toContain("support");

    await returnWithPassword(mod);
    expect(await refusal(grant())).toEqual({
      code: "second_factor_required",
      status: 403,
      details: { needs: "aal2" },
    });
    const seen = mod.client.from("profiles").select("user_id").eq("user_id", ada.id);
    expect(await ok(seen)).toEqual([]);
    const drafted = mod.client.from("categories").insert({ name: "Mine", slug: "mine" }).select();
    expect((await refusal(drafted)).code).toBe("42501");

    await show();
    expect(await ok(grant())).toContain("support");
    expect(await ok(seen)).toEqual([{ user_id: ada.id }]);
  });

  test("support sees other people's rows only after the second factor", async () => {
    const [kit, ada] = [await support(), await customer("ada")];
    await protect(kit);
    await returnWithPassword(kit);
    const seen = kit.client.from("profiles").select("user_id").eq("user_id", ada.id);
    expect(await ok(seen)).toEqual([]);
    const own = kit.client.from("profiles").select("user_id").eq("user_id", kit.id);
    expect(await ok(own)).toHaveLength(1);
  });

  test("staff without one are not asked for it", async () => {
    const [mod, ada] = [await admin(), await customer("ada")];
    await ok(mod.client.rpc("grant_role", { user_id: ada.id, role: "support" }));
  });

  test("a factor that staff remove is not asked for any more", async () => {
    const [mod, ada] = [await admin(), await customer("ada")];
    const { factorId } = await protect(mod);
    await returnWithPassword(mod);
    const { mfa } = service().client.auth.admin;
    expect((await mfa.deleteFactor({ userId: mod.id, id: factorId })).error).toBeNull();
    await ok(mod.client.rpc("grant_role", { user_id: ada.id, role: "support" }));
  });
});

test("sellers and customers shop and sell as before with a second factor", async () => {
  const sol = await seller();
  await protect(sol);
  await returnWithPassword(sol);
  const shop = sol.client.from("sellers").select("id").eq("id", sol.sellerId);
  expect(await ok(shop)).toHaveLength(1);
  expect(await ok(sol.client.rpc("my_roles"))).toContain("seller");
});
