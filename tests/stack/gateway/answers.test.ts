import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor, parseRaw, withSockets } from "./harness.ts";

let door: Door;
let services: Partial<Parameters<typeof openDoor>[1]>;
beforeAll(async () => {
  services = {
    auth: async () => {
      throw new Error("the mail server bit me");
    },
    storage: async () => Response.redirect("http://127.0.0.1/elsewhere"),
    functions: withSockets(
      async () =>
        new Response("<p>page</p>", {
          headers: { "content-security-policy": "default-src 'self'" },
        }),
    ),
  };
  door = await openDoor({ accessLog: 1 }, services);
});
afterAll(() => door.stop());
beforeEach(() => {
  door.log.length = 0;
});

describe("security headers", () => {
  test("answers for programs may do nothing as a page", async () => {
    const { headers } = await fetch(`${door.url}/rest/v1/x`);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cross-origin-resource-policy": "cross-origin",
    });
    expect(headers.has("strict-transport-security")).toBe(false);
  });

  test("a function keeps its own, and files may be framed", async () => {
    const page = await fetch(`${door.url}/functions/v1/page`);
    expect(page.headers.get("content-security-policy")).toBe("default-src 'self'");
    const file = await fetch(`${door.url}/storage/v1/object/public/a/b`, { redirect: "manual" });
    expect(file.status).toBe(302);
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
    expect(file.headers.has("x-frame-options")).toBe(false);
    expect(file.headers.get("content-security-policy")).toContain("script-src 'none'");
  });

  test("answers to what is no request have them too", async () => {
    for (const bytes of ["nonsense\r\n\r\n", "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n"]) {
      expect(parseRaw(await door.raw(bytes)).headers).toContain("x-content-type-options: nosniff");
    }
  });

  test("TLS is demanded only of those who came over it, as a trusted proxy says", async () => {
    const headers = { "x-forwarded-proto": "https" };
    const untold = await fetch(`${door.url}/rest/v1/x`, { headers });
    expect(untold.headers.has("strict-transport-security")).toBe(false);
    const behind = await openDoor({ trustedProxies: 1 });
    const answer = await fetch(`${behind.url}/rest/v1/x`, { headers });
    expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000");
    await behind.stop();
  });
});

describe("request ids", () => {
  test("a client's own goes to the service, back to the client, and into the log", async () => {
    const headers = { "x-request-id": "checkout-4711.a" };
    const answer = await fetch(`${door.url}/rest/v1/x`, { headers });
    expect(answer.headers.get("x-request-id")).toBe("checkout-4711.a");
    expect(answer.headers.get("sb-request-id")).toBe("checkout-4711.a");
    expect(await answer.json()).toMatchObject({ headers: { "x-request-id": "checkout-4711.a" } });
    expect(door.log).toMatchObject([{ request_id: "checkout-4711.a" }]);
  });

  test.each(["short", "has space in it", "x".repeat(129), 'quote"quote'])(
    "%j is none: the service gets a new one",
    async (given) => {
      const answer = await fetch(`${door.url}/rest/v1/x`, { headers: { "x-request-id": given } });
      const id = answer.headers.get("x-request-id");
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(await answer.json()).toMatchObject({ headers: { "x-request-id": id } });
    },
  );
});

describe("logs", () => {
  test("a failure is logged with its cause; the client learns only the id", async () => {
    const answer = await fetch(`${door.url}/auth/v1/token`);
    expect(answer.status).toBe(500);
    const body = await answer.text();
    expect(JSON.parse(body)).toMatchObject({ code: "internal", details: null });
    expect(body).not.toContain("bit me");
    const id = answer.headers.get("x-request-id");
    expect(door.log).toMatchObject([
      { level: 50, request_id: id, path: "/auth/v1/token", err: { message: /bit me/ } },
      { level: 40, request_id: id, status: 500 },
    ]);
  });

  test("keys, tokens and queries are never logged", async () => {
    await fetch(`${door.url}/rest/v1/people?email=eq.ada@example.test&apikey=sb_secret_1`, {
      headers: { authorization: "Bearer secret-token", apikey: "sb_secret_2" },
    });
    const text = JSON.stringify(door.log);
    expect(text).toContain("/rest/v1/people");
    for (const secret of ["sb_secret_1", "sb_secret_2", "secret-token", "ada@"]) {
      expect(text).not.toContain(secret);
    }
  });

  test("answers that went well are not logged unless somebody asks for it", async () => {
    const quiet = await openDoor({}, services);
    await fetch(`${quiet.url}/rest/v1/x`);
    expect(quiet.log).toEqual([]);
    await fetch(`${quiet.url}/auth/v1/x`);
    expect(quiet.log).toHaveLength(2);
    await quiet.stop();
  });
});

test("a client that offers HTTP/2 is served over HTTP/1.1", async () => {
  const answer = await door.raw(
    "POST /rest/v1/x HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\n" +
      "upgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\ncontent-length: 5\r\n\r\nhello" +
      "GET /rest/v1/y HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  );
  expect(answer).toContain('"body":"hello"');
  expect(answer).toContain("http://x/rest/v1/y");
});

test("a socket's service knows its request by id and address as well", async () => {
  const seen: (string | undefined)[] = [];
  const sockets = await openDoor(
    {},
    {
      realtime: {
        ...withSockets(async () => new Response()),
        handleUpgrade: ({ headers, headersDistinct }, socket) => {
          const names = ["x-request-id", "x-forwarded-for"] as const;
          seen.push(...names.map((name) => headersDistinct[name]?.join()));
          seen.push(String(headers["x-request-id"]));
          socket.destroy();
        },
      },
    },
  );
  await sockets.raw(
    "GET /realtime/v1/websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
      "x-request-id: bad id\r\nx-forwarded-for: 203.0.113.1\r\n\r\n",
  );
  const [id] = seen;
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen).toEqual([id, "127.0.0.1", id]);
  await sockets.stop();
});

test("a WebSocket that nobody serves is a 404", async () => {
  const answer = await door.raw(
    "GET /rest/v1/x HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
  );
  expect(parseRaw(answer)).toMatchObject({ status: 404, body: { code: "not_found" } });
});

test("figures tell service, method and outcome apart", async () => {
  await fetch(`${door.url}/rest/v1/x`, { method: "POST", body: "{}" });
  await fetch(`${door.url}/nowhere`);
  const text = await door.metrics();
  const count = "supamarket_http_request_duration_seconds_count";
  expect(text).toContain(`${count}{service="rest",method="POST",status="2xx"}`);
  expect(text).toContain(`${count}{service="none",method="GET",status="4xx"}`);
  expect(text).toContain(`${count}{service="auth",method="GET",status="5xx"}`);
  expect(text).toContain("supamarket_http_requests_in_flight 0");
});
