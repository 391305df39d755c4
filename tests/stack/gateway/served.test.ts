import { expect, inject, test } from "vitest";

const { url, publishableKey } = inject("project");

const post = (path: string, body: BodyInit) =>
  fetch(url + path, {
    method: "POST",
    headers: { apikey: publishableKey, "content-type": "application/json" },
    body,
  });

test("a body that is too large is refused with a remedy, before anything reads it", async () => {
  const response = await post("/rest/v1/rpc/quote_checkout", "x".repeat(9 * 1024 * 1024));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({
    code: "payload_too_large",
    hint: expect.any(String),
  });
});

test("a body that is not UTF-8 is refused as such", async () => {
  const response = await post("/rest/v1/rpc/quote_checkout", new Uint8Array([0x7b, 0xff, 0x7d]));
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_utf8" });
});

test("a body that is not JSON is a 400", async () => {
  const response = await post("/rest/v1/rpc/quote_checkout", "{");
  expect(response.status).toBe(400);
});

test("a path that no service has is a 404 that says so", async () => {
  const response = await fetch(`${url}/admin`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    code: "not_found",
    message: "There is nothing at /admin.",
  });
});

test("browsers of any origin may ask", async () => {
  const paths = [
    "/rest/v1/product_listing",
    "/rest/v1/rpc/add_to_cart",
    "/auth/v1/token",
    "/storage/v1/object/pictures/kettle.svg",
    "/functions/v1/checkout",
  ];
  for (const path of paths) {
    const response = await fetch(url + path, {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey, authorization, content-type, x-client-info",
      },
    });
    expect([path, response.ok]).toEqual([path, true]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const allowed = response.headers.get("access-control-allow-headers")?.toLowerCase();
    for (const name of ["apikey", "authorization", "content-type", "x-client-info"]) {
      expect(allowed).toContain(name);
    }
  }
});
