import { expect, inject, test } from "vitest";
import { z } from "zod";
import { clientAt } from "../../support/client.ts";

const { url, publishableKey } = inject("project");
const platform = inject("platform");

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

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(platform.url + path, {
    method: "POST",
    headers: { apikey: platform.publishableKey, "content-type": "application/json", ...headers },
    body: "{}",
  });

test("SQL knows a request by the id that its client gave, and by the address it came from", async () => {
  const answer = await ask("/rest/v1/rpc/request_origin", {
    "x-request-id": "order-4711:sql",
    "x-forwarded-for": "203.0.113.9",
  });
  expect(await answer.json()).toEqual({ id: "order-4711:sql", address: "127.0.0.1" });
  expect(answer.headers.get("x-request-id")).toBe("order-4711:sql");
});

test("a function gets the id too, made up where the client gave none", async () => {
  const answer = await ask("/functions/v1/echo", {
    authorization: `Bearer ${platform.publishableKey}`,
  });
  const id = answer.headers.get("x-request-id") ?? "";
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const Echo = z.looseObject({ headers: z.record(z.string(), z.string()) });
  expect(Echo.parse(await answer.json()).headers["x-request-id"]).toBe(id);
});

test("the stack says that it is well, part by part, to anybody", async () => {
  const answer = await fetch(`${url}/health`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    status: "ok",
    components: {
      database: { status: "ok" },
      functions: { status: "ok" },
      realtime: { status: "ok" },
      storage: { status: "ok" },
    },
  });
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
});

test("its figures know the sockets, channels and messages of the moment", async () => {
  const read = async (name: string) => {
    const headers = { apikey: inject("platform").secretKey };
    const text = await (await fetch(`${platform.url}/metrics`, { headers })).text();
    return Number(new RegExp(`^supamarket_realtime_${name} (\\S+)$`, "m").exec(text)?.[1]);
  };
  const before = await read("messages_total");
  const client = clientAt(platform.url, platform.publishableKey);
  await new Promise((resolve) =>
    client.channel("figures").subscribe((status) => status === "SUBSCRIBED" && resolve(status)),
  );
  expect(await read("connections")).toBeGreaterThan(0);
  expect(await read("channels")).toBeGreaterThan(0);
  expect(await read("messages_total")).toBeGreaterThanOrEqual(before + 2);
  await client.removeAllChannels();
});

test("its figures are for the secret key", async () => {
  const metrics = (headers: Record<string, string>) => fetch(`${url}/metrics`, { headers });
  expect((await metrics({})).status).toBe(401);
  expect((await metrics({ apikey: publishableKey })).status).toBe(401);
  const { secretKey } = inject("project");
  expect((await metrics({ apikey: secretKey })).status).toBe(200);
  const answer = await metrics({ authorization: `Bearer ${secretKey}` });
  expect(answer.headers.get("content-type")).toContain("text/plain");
  const text = await answer.text();
  for (const name of [
    "supamarket_http_request_duration_seconds_bucket",
    "supamarket_http_requests_in_flight",
    "supamarket_http_rate_limited_total",
    "supamarket_database_statement_seconds",
    "supamarket_queue_messages",
    "supamarket_realtime_connections",
    "supamarket_functions_workers",
    "nodejs_eventloop_lag_p99_seconds",
    "process_resident_memory_bytes",
  ]) {
    expect(text).toContain(name);
  }
  expect(text).toMatch(/^supamarket_database_cache_hits_total [1-9]\d*$/m);
});
