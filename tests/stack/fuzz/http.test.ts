import { connect } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, inject, test } from "vitest";
import { everythingFrom } from "../gateway/harness.ts";
import { junk, junkText, runs } from "./junk.ts";

const { url, publishableKey } = inject("project");
const { hostname, port } = new URL(url);

const paths = [
  "/rest/v1/products?select=id&limit=1",
  "/rest/v1/rpc/get_cart",
  "/auth/v1/token?grant_type=password",
  "/auth/v1/signup",
  "/auth/v1/user",
  "/storage/v1/object/pictures/fuzz.png",
  "/storage/v1/object/list/pictures",
  "/storage/v1/upload/resumable",
  "/functions/v1/health",
  "/realtime/v1/api/broadcast",
  "/realtime/v1/websocket?vsn=2.0.0",
  "/health",
  "/metrics",
];

/** Every answer in what came back, pipelined ones included. */
const statusesIn = (text: string) =>
  [...text.matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** Lone surrogates cannot be percent-encoded. */
const wellFormedOf = (text: string) => Buffer.from(text).toString();

const ours = (status: number) => status >= 500;

afterEach(async () => {
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

/** Sends the bytes in pieces, says that no more will come, and reads to the end. */
const exchange = async (bytes: Buffer, cuts: readonly number[]): Promise<string> => {
  const socket = connect(Number(port), hostname);
  socket.setTimeout(5_000, () => socket.destroy());
  const answer = everythingFrom(socket);
  let start = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.floor(cut * bytes.length);
    socket.write(bytes.subarray(start, end));
    start = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end(bytes.subarray(start));
  return answer;
};

const message = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"),
    path: fc.oneof(fc.constantFrom(...paths), fc.webUrl({ withQueryParameters: true })),
    headers: fc.array(
      fc.constantFrom(
        "content-type: application/json",
        "content-type: multipart/form-data; boundary=x",
        "content-type: application/x-www-form-urlencoded",
        "content-type: \u00ff",
        "content-length: 3",
        "content-length: 99999999999999999999",
        "content-length: 0x10",
        "transfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: identity",
        "content-encoding: gzip",
        "expect: 100-continue",
        "expect: the worst",
        "connection: close, keep-alive, upgrade",
        "upgrade: h2c",
        "upgrade: websocket",
        "sec-websocket-key: x",
        "sec-websocket-version: 99",
        "range: bytes=9-1",
        "range: 5-1",
        "prefer: count=exact, handling=strict, max-affected=-1",
        "accept: application/vnd.pgrst.object+json",
        "accept: */*;q=nan",
        "accept-profile: private",
        "content-profile: pg_catalog",
        "authorization: Bearer",
        "authorization: Bearer a.b.c",
        "authorization: Bearer eyJhbGciOiJub25lIn0.e30.",
        "x-forwarded-for: nobody",
        "x-request-id: \t",
        "origin: null",
        "access-control-request-method: GET",
        "tus-resumable: 1.0.0",
        "upload-length: -1",
        "upload-metadata: bucketName %%%",
        "cookie: =;=;",
        `x-big: ${"x".repeat(9_000)}`,
      ),
      { maxLength: 6 },
    ),
    body: fc.oneof(
      fc.constant(""),
      junk.map((value) => JSON.stringify(value)),
      junkText,
      fc.constantFrom(
        "{",
        '{"email":1,"password":[]}',
        "3\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "-1\r\n\r\n",
        "--x\r\ncontent-disposition: form-data\r\n\r\n\r\n--x--",
        '--x\r\ncontent-disposition: form-data; name=file; filename="a\0b"\r\n\r\nabc',
        "--y--",
      ),
    ),
    hasKey: fc.boolean(),
  })
  .map(({ method, path, headers, body, hasKey }) =>
    Buffer.from(
      [
        `${method} ${path} HTTP/1.1`,
        `host: ${hostname}:${port}`,
        ...(hasKey ? [`apikey: ${publishableKey}`] : []),
        ...headers,
        "",
        body,
      ].join("\r\n"),
    ),
  );

/** One piece of the bytes doubled, dropped, or replaced by something else. */
const damaged = fc
  .tuple(
    message,
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        length: fc.nat(20),
        by: fc.oneof(
          fc.constantFrom(
            "",
            "\r\n",
            "\r",
            "\n",
            "\0",
            " ",
            ":",
            "\u0080",
            "%",
            "%ff%00",
            "\r\n\r\n",
          ),
          fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
        ),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([bytes, damages]) =>
    damages.reduce((whole, { at, length, by }) => {
      const start = Math.floor(at * whole.length);
      const end = start + length;
      return Buffer.concat([
        whole.subarray(0, start),
        Buffer.from(by, "latin1"),
        whole.subarray(end),
      ]);
    }, bytes),
  );

describe("bytes on the API port", () => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 });

  test("whatever is sent, well-formed or damaged, the answer is never our failure", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(message, damaged), cuts, async (bytes, where) => {
        const text = await exchange(bytes, where);
        expect(statusesIn(text).filter(ours), text.slice(0, 600)).toEqual([]);
      }),
      { numRuns: runs(400) },
    );
  });

  test("what is not HTTP at all is a 400 or a closed connection", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
        const text = await exchange(Buffer.concat([bytes, Buffer.from("\r\n\r\n")]), []);
        expect(
          statusesIn(text).filter((status) => status !== 400),
          text,
        ).toEqual([]);
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("requests as fetch sends them", () => {
  const operators = ["eq", "not.eq", "in", "cs", "ov", "fts", "like", "is", "and", "sl", "match"];
  const column = fc.oneof(
    fc.constantFrom("id", "title", "price", "and", "or", "not.or", "select", "brands.name", "x->y"),
    junkText,
  );
  const part = fc.oneof(
    fc
      .tuple(column, fc.constantFrom(...operators), junkText)
      .map(([name, operator, value]) => [name, `${operator}.${value}`]),
    fc.tuple(
      fc.constantFrom("select", "order", "limit", "offset", "columns", "on_conflict", "or", "and"),
      fc.oneof(
        junkText,
        fc.constantFrom(
          "*,a(b(c(",
          "id::text",
          "count()",
          "x:y!z(*)",
          "...brands(*)",
          "(a.eq.1",
          ",,",
        ),
      ),
    ),
  );
  const request = fc.record({
    method: fc.constantFrom("GET", "POST", "PATCH", "DELETE", "HEAD"),
    table: fc.oneof(
      fc.constantFrom("products", "product_listing", "orders", "rpc/get_cart"),
      junkText,
    ),
    query: fc.array(part, { maxLength: 4 }),
    prefer: fc.constantFrom(
      "count=exact",
      "return=representation",
      "resolution=merge-duplicates",
      "tx=?",
    ),
    body: fc.oneof(
      junk.map((value) => JSON.stringify(value)),
      junkText,
    ),
  });

  test("any question about any table is answered, refused or not found", async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ method, table, query, prefer, body }) => {
        const wellFormed = query.map((pair) => pair.map(wellFormedOf));
        const search = new URLSearchParams(
          wellFormed.map(([name = "", value = ""]) => [name, value]),
        );
        const place = encodeURIComponent(wellFormedOf(table)).replace("%2F", "/");
        const answer = await fetch(`${url}/rest/v1/${place}?${search}`, {
          method,
          headers: { apikey: publishableKey, prefer, "content-type": "application/json" },
          ...(method === "GET" || method === "HEAD" ? {} : { body }),
        });
        const text = await answer.text();
        expect(ours(answer.status), `${answer.status} ${text.slice(0, 500)}`).toBe(false);
        if (!answer.ok && method !== "HEAD" && answer.status !== 300) {
          expect(JSON.parse(text)).toMatchObject({ code: expect.any(String) });
        }
      }),
      { numRuns: runs(400) },
    );
  });

  test("a body of any kind sent to any service is answered, refused or not found", async () => {
    const types = [
      "application/json",
      "text/plain",
      "multipart/form-data; boundary=x",
      "image/png",
    ];
    const sent = fc.record({
      path: fc.constantFrom(...paths.filter((path) => !path.includes("websocket"))),
      method: fc.constantFrom("POST", "PUT", "PATCH", "DELETE"),
      type: fc.constantFrom(...types),
      body: fc.oneof(
        junk.map((value) => JSON.stringify(value)),
        junkText,
      ),
    });
    await fc.assert(
      fc.asyncProperty(sent, async ({ path, method, type, body }) => {
        const answer = await fetch(url + path, {
          method,
          headers: { apikey: publishableKey, "content-type": type },
          body,
        });
        const text = await answer.text();
        expect(ours(answer.status), `${answer.status} ${text.slice(0, 500)}`).toBe(false);
      }),
      { numRuns: runs(250) },
    );
  });
});
