import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { endpoint, NoBody, routes } from "../../supabase/functions/_shared/http.ts";
import { Problem } from "../../supabase/functions/_shared/problems.ts";
import { post } from "./documents.ts";

const Body = z.strictObject({
  name: z.string(),
  lines: z.array(z.strictObject({ quantity: z.int().min(1) })).default([]),
});
const greet = endpoint({ method: "POST", body: Body, limit: 1000 }, async ({ name }) => ({
  greeting: `Hello ${name}`,
}));

let logged: string[];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line) => void logged.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

describe("an endpoint", () => {
  it("answers JSON that no cache keeps, with the caller's request id", async () => {
    const { status, headers, body } = await post(greet, { name: "Ada" }, { "x-request-id": "r-1" });
    expect([status, body]).toEqual([200, { greeting: "Hello Ada" }]);
    expect(headers.get("x-request-id")).toBe("r-1");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });

  it("makes an id of its own when the caller's is none", async () => {
    const { headers } = await post(greet, { name: "Ada" }, { "x-request-id": "<script>" });
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers a browser's preflight", async () => {
    const response = await greet(new Request("http://f.test/greet", { method: "OPTIONS" }));
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
    expect(response.headers.get("access-control-allow-headers")).toContain("apikey");
  });

  it("refuses another method and says which it takes", async () => {
    const response = await greet(new Request("http://f.test/greet"));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, OPTIONS");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  it.each([
    ["broken JSON", "{", {}, 400, "invalid_json"],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), {}, 400, "invalid_encoding"],
    ["a form", "name=Ada", { "content-type": "text/plain" }, 415, "unsupported_media_type"],
    ["a body over the limit", { name: "x".repeat(2000) }, {}, 413, "body_too_large"],
    ["no body", "", {}, 422, "invalid_input"],
  ])("refuses %s", async (_what, body, headers, status, code) => {
    const answer = await post(greet, body, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body).toMatchObject({
      type: `urn:supamarket:problem:${code}`,
      title: expect.any(String),
      status,
      details: expect.any(Object),
    });
  });

  it("counts what arrives when no length was announced", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        if (sent > 50) controller.close();
        else controller.enqueue(new Uint8Array(100));
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const response = await greet(new Request("http://f.test/greet", init));
    expect(response.status).toBe(413);
  });

  it.each([
    [{ name: 1 }, "name"],
    [{ name: "Ada", price: 1 }, "price"],
    [{ name: "Ada", lines: [{ quantity: 1 }, { quantity: 0 }] }, "lines[1].quantity"],
    [{ name: "Ada", lines: [{ quantity: 1, price: 5 }] }, "lines[0].price"],
    ["[]", "body"],
  ])("names the field that is wrong: %j", async (body, field) => {
    const answer = await post(greet, body);
    expect([answer.status, answer.body.code]).toEqual([422, "invalid_input"]);
    expect(answer.body.details).toMatchObject({ field, message: expect.any(String) });
  });

  it("keeps an unknown failure to itself and the log", async () => {
    const failing = endpoint({ method: "POST", body: z.unknown() }, async () => {
      throw new Error("the password is 1234", { cause: new Error("deeper") });
    });
    const { status, body } = await post(failing, {}, { "x-request-id": "r-2" });
    expect([status, body.code]).toEqual([500, "internal"]);
    expect(JSON.stringify(body)).not.toContain("1234");
    const [line = ""] = logged;
    expect(JSON.parse(line)).toMatchObject({
      request_id: "r-2",
      code: "internal",
      causes: [expect.stringContaining("1234"), expect.stringContaining("deeper")],
    });
  });

  it("says when to try again, where trying again helps", async () => {
    const failing = endpoint({ method: "GET", body: NoBody }, async () => {
      throw new Problem("busy", {}, { hint: "Wait a moment." });
    });
    const response = await failing(new Request("http://f.test/x"));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: "busy", detail: "Wait a moment." });
  });
});

describe("routes", () => {
  const handler = routes("webhooks", { stripe: greet });

  it("find their endpoint behind the function's name", async () => {
    for (const path of ["/webhooks/stripe", "/webhooks/stripe/"]) {
      expect((await post(handler, { name: "Ada" }, {}, path)).status).toBe(200);
    }
  });

  it("answer 404 for anything else", async () => {
    for (const path of ["/webhooks", "/webhooks/", "/webhooks/paypal", "/webhooks/toString"]) {
      const { status, body } = await post(handler, {}, {}, path);
      expect([path, status, body.code]).toEqual([path, 404, "not_found"]);
    }
  });
});
