import { beforeAll, describe, expect, test } from "vitest";
import { type Actor, admin, customer, guest, service, support } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";

let ada: Actor;
let bo: Actor;
let gil: Actor;
let mod: Actor;

beforeAll(async () => {
  [ada, bo, gil, mod] = await Promise.all([customer("ada"), customer("bo"), guest(), admin()]);
});

describe("an account", () => {
  test("has a profile and the role customer from the first moment, guests too", async () => {
    for (const { client, id } of [ada, gil]) {
      expect(await ok(client.from("profiles").select("user_id"))).toEqual([{ user_id: id }]);
      expect(await ok(client.rpc("my_roles"))).toEqual(["customer"]);
    }
  });

  test("keeps name, phone, avatar, locale, currency and notification preferences", async () => {
    const profile = {
      full_name: "Ada Lovelace",
      phone: "+44 20 7946 0018",
      avatar_path: "avatars/ada.png",
      locale: "en-GB",
      currency: "EUR",
      notification_preferences: { email: { orders: true, marketing: false } },
    };
    const saved = await ok(
      ada.client.from("profiles").update(profile).eq("user_id", ada.id).select().single(),
    );
    expect(saved).toMatchObject(profile);
  });

  test.each([
    ["a phone number of letters", { phone: "call me" }],
    ["a locale that is none", { locale: "English please" }],
    ["a preference that is no switch", { notification_preferences: { email: { orders: "yes" } } }],
    ["a name without letters", { full_name: "" }],
  ])("refuses %s", async (_, change) => {
    const refused = await refusal(
      ada.client.from("profiles").update(change).eq("user_id", ada.id).select(),
    );
    expect(refused.code).toBe("23514");
  });

  test("refuses a currency that does not exist", async () => {
    const change = ada.client.from("profiles").update({ currency: "XXQ" }).eq("user_id", ada.id);
    expect((await refusal(change.select())).code).toBe("23503");
  });

  test("cannot be given to somebody else", async () => {
    const change = ada.client.from("profiles").update({ user_id: bo.id }).eq("user_id", ada.id);
    expect((await refusal(change.select())).code).toBe("42501");
  });
});

describe("a role", () => {
  test("works the moment it is granted and stops the moment it is revoked", async () => {
    const kit = await support();
    const seesAda = async () =>
      (await ok(kit.client.from("profiles").select("user_id").eq("user_id", ada.id))).length;
    expect(await seesAda()).toBe(1);

    const left = await ok(mod.client.rpc("revoke_role", { user_id: kit.id, role: "support" }));
    expect(left).toEqual(["customer"]);
    expect(await seesAda(), "with the token from before").toBe(0);
    expect(await refusal(kit.client.rpc("job_status"))).toMatchObject({
      code: "forbidden",
      status: 403,
    });

    await ok(mod.client.rpc("grant_role", { user_id: kit.id, role: "support" }));
    expect(await seesAda()).toBe(1);
  });

  test("is not handed out by those who have none, nor by support", async () => {
    const kit = await support();
    for (const { client } of [ada, gil, kit]) {
      const grant = client.rpc("grant_role", { user_id: ada.id, role: "admin" });
      expect(await refusal(grant)).toMatchObject({ code: "forbidden", status: 403 });
    }
    expect(await ok(ada.client.rpc("my_roles"))).toEqual(["customer"]);
  });

  test("cannot be written into the token's metadata by its owner", async () => {
    await bo.client.auth.updateUser({ data: { role: "admin", app_metadata: { role: "admin" } } });
    await bo.client.auth.refreshSession();
    expect(await refusal(bo.client.rpc("job_status"))).toMatchObject({ code: "forbidden" });
  });

  test("of an unknown user is 404, an unknown role is refused by its name", async () => {
    const unknown = { user_id: "00000000-0000-4000-8000-000000000000", role: "support" } as const;
    expect(await refusal(mod.client.rpc("grant_role", unknown))).toMatchObject({
      code: "user_not_found",
      status: 404,
    });
    const loose = service().client.rpc(
      "grant_role",
      JSON.parse(`{"user_id":"${ada.id}","role":"king"}`),
    );
    expect(await refusal(loose)).toMatchObject({ code: "22P02", status: 400 });
  });
});

describe("a seller", () => {
  test("registers once, waits to be admitted, sells, and goes off sale when suspended", async () => {
    const sol = await customer("sol");
    const shop = await ok(sol.client.rpc("register_seller", { name: "Sol & Söhne" }));
    expect(shop).toMatchObject({ status: "pending", owner_id: sol.id });
    expect(shop.slug).toMatch(/^sol-sohne/);
    expect(await refusal(sol.client.rpc("register_seller", { name: "Again" }))).toMatchObject({
      code: "seller_exists",
      status: 409,
    });
    const rows = [{ sku: `sol-${sol.id}`, title: "Pan", price: 900, stock: 1 }];
    expect(await refusal(sol.client.rpc("import_products", { rows }))).toMatchObject({
      code: "forbidden",
    });

    const set = (status: "active" | "suspended") =>
      ok(mod.client.rpc("set_seller_status", { seller_id: shop.id, status }));
    const onSale = async () =>
      (await ok(bo.client.from("product_listing").select("slug").eq("seller_id", shop.id))).length;
    await set("active");
    await ok(sol.client.rpc("import_products", { rows }));
    expect(await onSale()).toBe(1);
    await set("suspended");
    expect(await onSale()).toBe(0);
    expect(await refusal(sol.client.rpc("import_products", { rows }))).toMatchObject({
      code: "forbidden",
    });
    await set("active");
    expect(await onSale()).toBe(1);
  });
});
