import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewaySettings } from "../../../stack/gateway/settings.ts";
import { type Door, everythingFrom, openDoor, parseRaw, withSockets } from "./harness.ts";

const { sizes, times } = gatewaySettings();
const problem = (code: string) => ({
  code,
  message: expect.any(String),
  details: null,
});

let door: Door;
beforeAll(async () => {
  door = await openDoor({
    sizes: { ...sizes, body: 1_000, functionBody: 50_000 },
    times: { ...times, head: 600, bodyGrace: 400, body: 3_000, stalled: 4_000 },
    headerLines: 40,
    connectionsPerIp: 12,
  });
});
afterAll(() => door.stop());

const request = (head: string, body = "") =>
  `${head}\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n${body}`;

describe("sizes", () => {
  test("a body as large as is allowed reaches the service whole", async () => {
    const body = "é".repeat(500);
    const response = await fetch(`${door.url}/rest/v1/rpc/x`, { method: "POST", body });
    expect(await response.json()).toMatchObject({ body });
  });

  test("a body announced as too large is refused before it is sent", async () => {
    const socket = await door.connect();
    socket.write("POST /rest/v1/rpc/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n");
    const answer = parseRaw(await everythingFrom(socket));
    expect(answer).toMatchObject({ status: 413, body: problem("payload_too_large") });
    expect(answer.headers).toContain("connection: close");
  });

  test("a body that turns out too large is refused, and its sender hears of it", async () => {
    const chunk = `800\r\n${"x".repeat(0x800)}\r\n`;
    const answer = await door.raw(
      `POST /auth/v1/token HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(200)}0\r\n\r\n`,
    );
    expect(parseRaw(answer)).toMatchObject({ status: 413, body: problem("payload_too_large") });
  });

  test("functions read larger bodies as they come, up to a limit of their own", async () => {
    const post = (size: number) =>
      fetch(`${door.url}/functions/v1/import`, { method: "POST", body: "x".repeat(size) });
    expect(await (await post(40_000)).json()).toMatchObject({ body: "x".repeat(40_000) });
    expect((await post(50_001)).status).toBe(413);
  });

  test("text that is not UTF-8 is refused as such", async () => {
    const body = new Uint8Array([0x7b, 0xff, 0x7d]);
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${door.url}/rest/v1/x`, { method: "POST", body, headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject(problem("invalid_utf8"));
  });

  test("an address that is too long is a 414", async () => {
    const answer = await door.raw(request(`GET /rest/v1/x?${"a".repeat(sizes.url)} HTTP/1.1`));
    expect(parseRaw(answer)).toMatchObject({ status: 414, body: problem("uri_too_long") });
  });

  test("headers that are too many or too large are a 431", async () => {
    const many = Array.from({ length: 41 }, (_, number) => `x-${number}: 1`).join("\r\n");
    for (const headers of [many, `x-long: ${"a".repeat(sizes.head)}`]) {
      const answer = await door.raw(request(`GET /rest/v1/x HTTP/1.1\r\n${headers}`));
      expect(parseRaw(answer)).toMatchObject({ status: 431, body: problem("headers_too_large") });
    }
  });
});

describe("times", () => {
  test("a head that trickles in is a 408", async () => {
    const socket = await door.connect();
    socket.write("GET /rest/v1/x HTTP/1.1\r\nhost: x\r\n");
    const drip = setInterval(() => socket.write("x-drip: 1\r\n"), 100);
    const answer = parseRaw(await everythingFrom(socket));
    clearInterval(drip);
    expect(answer).toMatchObject({ status: 408, body: problem("request_timeout") });
  });

  test.each(["/rest/v1/x", "/functions/v1/x", "/storage/v1/object/a/b"])(
    "a body that trickles in to %s is a 408",
    async (path) => {
      const socket = await door.connect();
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n`);
      const drip = setInterval(() => socket.write("x"), 50);
      const answer = parseRaw(await everythingFrom(socket));
      clearInterval(drip);
      expect(answer).toMatchObject({ status: 408, body: problem("request_timeout") });
      expect(answer.headers).toContain("connection: close");
    },
  );

  test("a body that keeps the pace but never ends is a 408", async () => {
    const socket = await door.connect();
    socket.write("POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    // One byte a chunk, and enough around it to be fast on the wire.
    const drip = setInterval(() => socket.write(`1;${"x".repeat(200)}\r\nx\r\n`), 100);
    const answer = parseRaw(await everythingFrom(socket));
    clearInterval(drip);
    expect(answer).toMatchObject({ status: 408, body: problem("request_timeout") });
  });

  test("a client that never reads its answer does not hold it for ever", async () => {
    const large = await openDoor(
      { times: { ...times, stalled: 500 } },
      { rest: async () => new Response("x".repeat(30_000_000)) },
    );
    const socket = await large.connect();
    socket.pause();
    socket.write("GET /rest/v1/x HTTP/1.1\r\nhost: x\r\n\r\n");
    await expect
      .poll(() => large.metrics(), { timeout: 10_000 })
      .toContain("supamarket_http_connections 0");
    await large.stop();
  });

  test("a service that takes its time to read is not the client's fault", async () => {
    const slow = await openDoor(
      { times: { ...times, bodyGrace: 300 } },
      {
        functions: withSockets(async (incoming) => {
          const reader = incoming.body?.getReader();
          let size = 0;
          while (reader) {
            const { done, value } = await reader.read();
            if (done) break;
            size += value.byteLength;
            if (size < 500_000) await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return Response.json(size);
        }),
      },
    );
    const body = "x".repeat(4_000_000);
    const response = await fetch(`${slow.url}/functions/v1/x`, { method: "POST", body });
    expect(await response.json()).toBe(4_000_000);
    await slow.stop();
  });

  test("a request that breaks off half-way leaves no trace of a failure", async () => {
    const socket = await door.connect();
    socket.write("POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nhalf");
    socket.destroy();
    await expect(fetch(`${door.url}/rest/v1/x`)).resolves.toMatchObject({ status: 200 });
    expect(door.log).toEqual([]);
  });
});

describe("connections", () => {
  test("one address may hold so many and no more; closed ones count no longer", async () => {
    const sockets = await Promise.all(Array.from({ length: 12 }, () => door.connect()));
    await expect
      .poll(async () => parseRaw(await everythingFrom(await door.connect())))
      .toMatchObject({ status: 429, body: problem("too_many_connections") });
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() =>
        door.raw(request("GET /rest/v1/x HTTP/1.1")).then((text) => parseRaw(text).status),
      )
      .toBe(200);
  });
});

describe("what is no HTTP", () => {
  test.each([
    "hello\r\n\r\n",
    "GET  HTTP/1.1\r\n\r\n",
    "GET /rest/v1/x HTTP/9.9\r\n\r\n",
    "GET /rest/v1/x HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
    "GET /rest/v1/x HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
    "POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /rest/v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
    "GET /rest/v1/%ff%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "GET /rest/v1/a%00b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "GET /rest/v1/x HTTP/1.1\r\nconnection: close\r\n\r\n",
    "GET /rest/v1/x HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n",
    "GET /rest\\v1/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "GET http://[/rest/v1/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ])("%j is a 400 in the API's own shape", async (bytes) => {
    const answer = parseRaw(await door.raw(bytes));
    expect(answer).toMatchObject({ status: 400, body: problem("malformed_request") });
  });

  test("a path cannot climb out of its service", async () => {
    const answer = await door.raw(request("GET /rest/v1/../../admin HTTP/1.1"));
    expect(parseRaw(answer).status).toBe(404);
  });
});
