import { describe, expect, test } from "vitest";
import { openPostgres } from "../../../stack/database/postgres.ts";
import { asRestError } from "../../../stack/rest/database-error.ts";

const failing = (code: string) => Object.assign(new Error("it failed"), { code });

describe("what a failed statement answers", () => {
  test("a server that cannot be reached is 503, and no mistake of the client's", async () => {
    const database = openPostgres("postgresql://nobody:x@127.0.0.1:9/none");
    const error: unknown = await database.query("select 1").catch((refused: unknown) => refused);
    await database.close();
    expect(asRestError(error, false)).toMatchObject({ status: 503, body: { code: "PGRST001" } });
  });

  test.each(["EPIPE", "ECONNRESET", "CONNECTION_CLOSED", "CONNECT_TIMEOUT"])(
    "%s is a lost connection, though it is a code too",
    (code) => expect(asRestError(failing(code), false).status).toBe(503),
  );

  test("what has no SQLSTATE is thrown on", () => {
    expect(() => asRestError(failing("not_admin"), false)).toThrow("it failed");
    expect(() => asRestError(new Error("it failed"), false)).toThrow("it failed");
  });

  test("an SQLSTATE keeps its status", () => {
    expect(asRestError(failing("23505"), false).status).toBe(409);
    expect(asRestError(failing("42501"), true).status).toBe(401);
    expect(asRestError(failing("PT418"), false).status).toBe(418);
  });
});
