import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type Actor, customer, guest, service } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import {
  anAddress,
  anOrderInput,
  aVariant,
  type OrderInput,
  placeOrder,
  type Variant,
} from "../support/factories.ts";

let ada: Actor;
let bo: Actor;
let gil: Actor;
let kettle: Variant;
let input: OrderInput;
let bosAddress: string;

beforeAll(async () => {
  [ada, bo, gil, kettle] = await Promise.all([
    customer("ada"),
    customer("bo"),
    guest(),
    aVariant({ onHand: 1_000 }),
  ]);
  const address = bo.client.from("addresses").insert(anAddress).select("id").single();
  bosAddress = (await ok(address)).id;
  input = anOrderInput({ lines: [{ variant: kettle }] });
});

const place = ({ client }: Actor, change: object) =>
  client.rpc("place_order", {
    input: JSON.parse(JSON.stringify({ ...input, idempotency_key: randomUUID(), ...change })),
  });

const line = (change: object) => ({
  items: [{ variant_id: kettle.variantId, quantity: 1, ...change }],
});

/** What a refused order must not have touched. */
const traces = async () => {
  const { client } = service();
  const stock = client.from("stock_levels").select("*").eq("variant_id", kettle.variantId);
  const orders = client.from("orders").select("id").in("buyer_id", [ada.id, bo.id, gil.id]);
  return [await ok(stock), await ok(orders)];
};

describe("place_order names the field and changes nothing when sent", () => {
  test.each<[string, () => object]>([
    ["items[0].variant_id", () => line({ variant_id: randomUUID() })],
    ["items[0].variant_id", () => line({ variant_id: "kettle" })],
    ["items[0].variant_id", () => line({ variant_id: null })],
    ["items[0].quantity", () => line({ quantity: 0 })],
    ["items[0].quantity", () => line({ quantity: -1 })],
    ["items[0].quantity", () => line({ quantity: 1_000_000_000 })],
    ["items[0].quantity", () => line({ quantity: 1e300 })],
    ["items[0].quantity", () => line({ quantity: 1.5 })],
    ["items[0].quantity", () => line({ quantity: "2" })],
    ["items[0].quantity", () => line({ quantity: true })],
    ["items[0].quantity", () => line({ quantity: [2] })],
    ["items[0].unit_price", () => line({ unit_price: 1 })],
    ["items[0].discount", () => line({ discount: 1_249 })],
    ["items[0]", () => ({ items: ["kettle"] })],
    ["items", () => ({ items: [] })],
    ["items", () => ({ items: "all" })],
    ["items", () => ({ items: { 0: {} } })],
    ["items", () => ({ items: Array.from({ length: 1_001 }, () => line({}).items[0]) })],
    ["price", () => ({ price: 1 })],
    ["total", () => ({ total: 1 })],
    ["status", () => ({ status: "confirmed" })],
    ["payment_status", () => ({ payment_status: "paid" })],
    ["buyer_id", () => ({ buyer_id: bo.id })],
    ["shipping", () => ({ shipping: 0 })],
    ["email", () => ({ email: "ada" })],
    ["email", () => ({ email: "ada@example.test\r\nBcc: all@example.test" })],
    ["email", () => ({ email: 7 })],
    ["shipping_address", () => ({ shipping_address: null })],
    ["shipping_address", () => ({ shipping_address: "12 St James's Square" })],
    ["shipping_address", () => ({ shipping_address_id: bosAddress })],
    ["shipping_address_id", () => ({ shipping_address: null, shipping_address_id: "home" })],
    [
      "shipping_address.postal_code",
      () => ({ shipping_address: { ...anAddress, postal_code: "1" } }),
    ],
    ["shipping_address.country", () => ({ shipping_address: { ...anAddress, country: "XX" } })],
    ["shipping_address.line1", () => ({ shipping_address: { ...anAddress, line1: 12 } })],
    ["shipping_address.id", () => ({ shipping_address: { ...anAddress, id: bosAddress } })],
    ["billing_address.city", () => ({ billing_address: { ...anAddress, city: "" } })],
    ["shipping_method", () => ({ shipping_method: "teleport" })],
    ["shipping_method", () => ({ shipping_method: 1 })],
    ["payment", () => ({ payment: null })],
    ["payment", () => ({ payment: "cod" })],
    ["payment.provider", () => ({ payment: {} })],
    ["payment.provider", () => ({ payment: { provider: "barter" } })],
    ["payment.provider", () => ({ payment: { provider: "paypal" } })],
    ["payment.status", () => ({ payment: { provider: "cod", status: "captured" } })],
    ["payment.amount", () => ({ payment: { provider: "cod", amount: 1 } })],
    ["coupons", () => ({ coupons: ["HALF"] })],
    ["gift_cards", () => ({ gift_cards: ["GC-1"] })],
    ["points", () => ({ points: -5 })],
    ["points", () => ({ points: 100 })],
    ["note", () => ({ note: "x".repeat(1_001) })],
    ["idempotency_key", () => ({ idempotency_key: null })],
    ["idempotency_key", () => ({ idempotency_key: "short" })],
    ["idempotency_key", () => ({ idempotency_key: "x".repeat(201) })],
    ["idempotency_key", () => ({ idempotency_key: 12_345_678 })],
  ])("a wrong %s (%#)", async (field, change) => {
    const before = await traces();
    const refused = await refusal(place(ada, change()));
    expect(refused).toMatchObject({ code: "invalid_input", status: 422, details: { field } });
    expect(await traces()).toEqual(before);
  });

  test.each([
    ["nothing", null],
    ["a list", []],
    ["a number", 7],
  ])("%s for its input", async (_, sent) => {
    const refused = await refusal(
      ada.client.rpc("place_order", JSON.parse(JSON.stringify({ input: sent }))),
    );
    expect(refused).toMatchObject({
      code: "invalid_input",
      status: 422,
      details: { field: "input" },
    });
  });

  test("no e-mail address from a guest", async () => {
    const refused = await refusal(place(gil, { email: null }));
    expect(refused).toMatchObject({ code: "invalid_input", details: { field: "email" } });
  });

  test("another shopper's address", async () => {
    for (const kind of ["shipping_address", "billing_address"]) {
      const change = {
        [`${kind}_id`]: bosAddress,
        ...(kind === "shipping_address" && { shipping_address: null }),
      };
      expect(await refusal(place(ada, change))).toMatchObject({
        code: "address_not_found",
        status: 404,
      });
    }
  });

  test("a number of pieces whose price no JavaScript number holds", async () => {
    const dear = await aVariant({ price: 999_999_999_999, onHand: 99_999 });
    const refused = await refusal(
      place(ada, { items: [{ variant_id: dear.variantId, quantity: 99_999 }] }),
    );
    expect(refused).toMatchObject({ code: "invalid_input", details: { field: "items" } });
  });
});

describe("somebody else's", () => {
  test("order is not there: tracking, cancelling and ordering it again are 404", async () => {
    const { order } = await placeOrder(bo, anOrderInput({ lines: [{ variant: kettle }] }));
    for (const order_id of [order.id, randomUUID()]) {
      for (const command of ["track_order", "cancel_order", "reorder"] as const) {
        expect(await refusal(ada.client.rpc(command, { order_id }))).toMatchObject({
          code: "order_not_found",
          status: 404,
        });
      }
    }
    const [row] = await ok(bo.client.from("orders").select("status").eq("id", order.id));
    expect(row).toEqual({ status: "confirmed" });
  });

  test("cart is neither seen nor written, even by its id", async () => {
    await ok(bo.client.rpc("add_to_cart", { variant_id: kettle.variantId }));
    const [cart] = await ok(bo.client.from("carts").select("id"));
    const cart_id = cart?.id ?? "";
    expect(await ok(ada.client.from("cart_items").select("*").eq("cart_id", cart_id))).toEqual([]);
    const row = { cart_id, variant_id: kettle.variantId, quantity: 9, unit_price_seen: 1 };
    expect((await refusal(ada.client.from("cart_items").insert(row))).code).toBe("42501");
    expect((await refusal(bo.client.from("cart_items").insert(row))).code).toBe("42501");
  });
});

describe("the door", () => {
  const call = (
    path: string,
    { token, ...init }: RequestInit & { token?: string | undefined } = {},
  ) => {
    const { url, publishableKey } = inject("project");
    return fetch(`${url}${path}`, {
      ...init,
      headers: {
        apikey: publishableKey,
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
      },
    });
  };
  const getCart = (token: string) =>
    call("/rest/v1/rpc/get_cart", { method: "POST", body: "{}", token });
  const checkout = (token: string) =>
    call("/functions/v1/checkout", { method: "POST", body: JSON.stringify(input), token });
  const sign = (claims: object, secret: string, expires: string | number = "1h") =>
    new SignJWT({ role: "authenticated", aud: "authenticated", sub: bo.id, ...claims })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(new TextEncoder().encode(secret));

  const unsigned = (claims: object) =>
    [{ alg: "none", typ: "JWT" }, claims, ""]
      .map((part) => (part ? Buffer.from(JSON.stringify(part)).toString("base64url") : ""))
      .join(".");

  test.each<[string, () => string | Promise<string>]>([
    ["signed with another secret", () => sign({}, "another-secret-with-at-least-32-characters")],
    [
      "not signed at all",
      () => unsigned({ role: "authenticated", sub: bo.id, exp: 9_999_999_999 }),
    ],
    ["expired", () => sign({}, inject("project").jwtSecret, 1_600_000_000)],
    ["that is no token", () => "not.a.token"],
  ])("refuses a token %s", async (_, make) => {
    const token = await make();
    expect((await getCart(token)).status).toBe(401);
    expect((await checkout(token)).status).toBe(401);
    expect((await call("/rest/v1/orders?select=id", { token })).status).toBe(401);
  });

  test("refuses a genuine token whose payload was changed", async () => {
    const { data } = await ada.client.auth.getSession();
    const [head = "", payload = "", signature = ""] = data.session?.access_token.split(".") ?? [];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const forged = { ...claims, sub: bo.id, role: "service_role" };
    const body = Buffer.from(JSON.stringify(forged)).toString("base64url");
    expect((await getCart(`${head}.${body}.${signature}`)).status).toBe(401);
  });

  test("gives a well-signed token of a role that is none of the API's nothing", async () => {
    for (const role of ["postgres", "supabase_admin", "authenticator"]) {
      const answer = await getCart(await sign({ role }, inject("project").jwtSecret));
      expect([401, 403], role).toContain(answer.status);
    }
  });

  test("gives the token of an account that is gone no cart", async () => {
    const token = await sign({ sub: randomUUID() }, inject("project").jwtSecret);
    const add = await call("/rest/v1/rpc/add_to_cart", {
      method: "POST",
      body: JSON.stringify({ variant_id: kettle.variantId }),
      token,
    });
    expect(add.status).toBe(401);
    expect(await add.json()).toMatchObject({ code: "PT401", message: "not_signed_in" });
  });

  test("refuses a body that is too large with 413, at the API and at functions", async () => {
    const body = JSON.stringify({ input: { note: "x".repeat(30 * 1024 * 1024) } });
    for (const path of ["/rest/v1/rpc/place_order", "/functions/v1/checkout"]) {
      const token = (await ada.client.auth.getSession()).data.session?.access_token;
      expect((await call(path, { method: "POST", body, token })).status, path).toBe(413);
    }
  });

  test("refuses text that is not UTF-8 with 400", async () => {
    const token = (await ada.client.auth.getSession()).data.session?.access_token;
    const body = Buffer.concat([
      Buffer.from('{"input":{"note":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}}'),
    ]);
    for (const path of ["/rest/v1/rpc/place_order", "/functions/v1/checkout"]) {
      expect((await call(path, { method: "POST", body, token })).status, path).toBe(400);
    }
  });

  test("refuses text with a NUL, and JSON that is none, with 400", async () => {
    const token = (await ada.client.auth.getSession()).data.session?.access_token;
    const withNul = JSON.stringify({ input: { ...input, note: "a\u0000b" } });
    for (const body of [withNul, "{", "[1"]) {
      const answer = await call("/rest/v1/rpc/place_order", { method: "POST", body, token });
      expect(answer.status, body.slice(0, 10)).toBe(400);
    }
    expect(
      (await call("/functions/v1/checkout", { method: "POST", body: "{", token })).status,
    ).toBe(400);
  });

  test("answers a field that a function does not know with 404 and its name", async () => {
    const refused = await refusal(
      ada.client.rpc("add_to_cart", JSON.parse(JSON.stringify({ variant: kettle.variantId }))),
    );
    expect(refused).toMatchObject({ code: "PGRST202", status: 404 });
  });
});
