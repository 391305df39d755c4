import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database, Session } from "../../../stack/database/database.ts";
import { openDatabase, type StorageAlone, startStorage } from "./harness.ts";

/** Breaks the next statement that matches, as a database would or as a lost connection does. */
let fault: { statement: RegExp; error: Error } | null = null;

const faulty = (database: Database): Database => {
  const guarded = (session: Session): Session => ({
    ...session,
    query: (text, parameters) => {
      if (!fault?.statement.test(text)) return session.query(text, parameters);
      const { error } = fault;
      fault = null;
      return Promise.reject(error);
    },
  });
  return {
    ...database,
    transaction: (use, settings) => database.transaction((own) => use(guarded(own)), settings),
  };
};

let database: Database;
let storage: StorageAlone;

beforeAll(async () => {
  database = await openDatabase();
  storage = await startStorage({ database: faulty(database) });
});

afterAll(async () => {
  await storage.stop();
  await database.close();
});

const post = (path: string, body: BodyInit, headers = {}) =>
  storage.ask(`object/papers/${path}`, { method: "POST", body, headers });

const contentOf = async (path: string) => (await storage.ask(`object/papers/${path}`)).text();

const refused = Object.assign(new Error("no"), { code: "23514" });

const inserting = /^insert into storage\.objects/;

describe("when the database refuses the row", () => {
  test("a new file leaves nothing behind", async () => {
    const before = await storage.files();
    // The first insert asks the policies and is rolled back anyway.
    fault = { statement: /returning id, bucket_id/, error: refused };
    const response = await post("refused.txt", "x");
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { statusCode: "500", message: "database error, code: 23514" },
    ]);
    expect(await storage.files()).toEqual(before);
  });

  test("the file that was to be replaced stays", async () => {
    await post("kept.txt", "old");
    const before = await storage.files();
    fault = { statement: /returning id, bucket_id/, error: refused };
    expect((await post("kept.txt", "new", { "x-upsert": "true" })).status).toBe(500);
    expect(await contentOf("kept.txt")).toBe("old");
    expect(await storage.files()).toEqual(before);
  });

  test("nothing is removed", async () => {
    await post("stays.txt", "x");
    fault = { statement: /^delete from storage\.objects/, error: refused };
    expect((await storage.ask("object/papers/stays.txt", { method: "DELETE" })).status).toBe(500);
    expect(await contentOf("stays.txt")).toBe("x");
  });
});

test("a connection lost while committing leaves a file in doubt, which the next start settles", async () => {
  const before = await storage.files();
  fault = { statement: /returning id, bucket_id/, error: new Error("connection lost") };
  expect((await post("doubtful.txt", "x")).status).toBe(500);
  expect((await storage.files()).length).toBe(before.length + 2);

  const again = await startStorage({ database, folder: storage.folder });
  expect((await again.files()).sort()).toEqual(before.sort());
  await again.stop();
});

test("a policy's refusal costs no more than the question", async () => {
  fault = { statement: inserting, error: Object.assign(new Error("no"), { code: "42501" }) };
  const before = await storage.files();
  const response = await storage.ask("object/copy", {
    method: "POST",
    body: JSON.stringify({ bucketId: "papers", sourceKey: "none", destinationKey: "b" }),
  });
  fault = null;
  expect(response.status).toBe(400);
  expect(await storage.files()).toEqual(before);
});

test("a row whose file is gone is not found, and does no harm", async () => {
  await database.query(
    `insert into storage.objects (bucket_id, name, version, metadata)
     values ('papers', 'ghost.txt', $1, '{"size": 3}')`,
    [randomUUID()],
  );
  const response = await storage.ask("object/papers/ghost.txt");
  expect([response.status, await response.json()]).toMatchObject([400, { statusCode: "404" }]);
  expect((await storage.ask("object/papers/ghost.txt", { method: "DELETE" })).status).toBe(200);
});

test("two who write the same file at once leave one of them, and one file", async () => {
  const before = await storage.files();
  const bodies = Array.from({ length: 8 }, (_, index) => `content ${index}`);
  await Promise.all(bodies.map((body) => post("contested.txt", body, { "x-upsert": "true" })));
  expect(bodies).toContain(await contentOf("contested.txt"));
  expect((await storage.files()).length).toBe(before.length + 1);

  const created = await Promise.all(bodies.map((body) => post("first.txt", body)));
  expect(created.filter(({ ok }) => ok)).toHaveLength(1);
  expect((await storage.files()).length).toBe(before.length + 2);
});

describe("too much", () => {
  const large = (bytes: number) =>
    new ReadableStream({
      start: (controller) => {
        for (let sent = 0; sent < bytes; sent += 65_536) controller.enqueue(new Uint8Array(65_536));
        controller.close();
      },
    });

  test("is refused while it streams, and the client reads why", async () => {
    const before = await storage.files();
    const response = await storage.ask("object/papers/large.bin", {
      method: "POST",
      body: large(8 * 1024 * 1024),
      duplex: "half",
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { statusCode: "413", message: "The object exceeded the maximum allowed size" },
    ]);
    expect(await storage.files()).toEqual(before);
  });

  /** Sends a head that promises a body, some of it, and waits for the answer. */
  const promise = (contentLength: number, sent: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(storage.port, "127.0.0.1");
      let answer = "";
      socket.on("data", (data) => {
        answer += data;
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(answer));
      socket.write(
        `POST /storage/v1/object/nothing/a.bin HTTP/1.1\r\nhost: localhost\r\n` +
          `apikey: sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz\r\n` +
          `content-length: ${contentLength}\r\n\r\n`,
      );
      socket.write(Buffer.alloc(sent));
    });

  test("from a client that stops sending is answered, and the connection closed", async () => {
    const answer = await promise(1024 * 1024 * 1024, 1024);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer).toContain("Bucket not found");
  });
});

test("memory stays flat, however large the file", async () => {
  const wide = await startStorage({ database, fileSizeLimit: "1GiB" });
  const size = 192 * 1024 * 1024;
  const chunk = new Uint8Array(256 * 1024);
  let sent = 0;
  let most = 0;
  const measure = () => {
    const { arrayBuffers } = process.memoryUsage();
    most = Math.max(most, arrayBuffers);
  };
  const { arrayBuffers: before } = process.memoryUsage();
  const body = new ReadableStream({
    pull: (controller) => {
      measure();
      if (sent >= size) return controller.close();
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  const up = await wide.ask("object/papers/film.bin", { method: "POST", body, duplex: "half" });
  expect(up.status).toBe(200);
  const down = await wide.ask("object/papers/film.bin");
  let received = 0;
  for await (const part of down.body ?? []) {
    received += part.byteLength;
    measure();
  }
  expect(received).toBe(size);
  expect(most - before).toBeLessThan(size / 2);
  await wide.ask("object/papers/film.bin", { method: "DELETE" });
  await wide.stop();
});
