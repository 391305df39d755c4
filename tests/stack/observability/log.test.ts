import { describe, expect, test } from "vitest";
import { createLog, type LogSettings, logSettings } from "../../../stack/observability/log.ts";

const written = (settings: LogSettings) => {
  const lines: string[] = [];
  return { lines, log: createLog(settings, { write: (line) => void lines.push(line) }) };
};

describe("for programs", () => {
  test("an entry is one line of JSON with a level by name", () => {
    const { lines, log } = written({ level: "info", format: "json" });
    log.warn({ request_id: "r-1", status: 502 }, "request failed");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: "warn",
      request_id: "r-1",
      status: 502,
      msg: "request failed",
    });
  });

  test("keys and tokens are left out wherever they slip in", () => {
    const { lines, log } = written({ level: "info", format: "json" });
    log.info({ apikey: "sb_secret_1", headers: { authorization: "Bearer x1" } }, "hello");
    expect(lines.join()).not.toMatch(/sb_secret_1|Bearer/);
  });
});

describe("for people", () => {
  test("an entry is one sentence", () => {
    const { lines, log } = written({ level: "info", format: "line" });
    log.info("migrations applied");
    log.warn({ status: 502, path: "/rest/v1/x" }, "request failed");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d migrations applied\n$/);
    expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d warn {2}request failed {2}status=502 {2}path=\/rest/);
  });

  test("an error keeps its stack, below", () => {
    const { lines, log } = written({ level: "info", format: "line" });
    log.error({ err: new Error("it broke") }, "a service failed");
    expect(lines.join("")).toMatch(/error a service failed\nError: it broke\n {4}at /);
  });
});

test("what is below the level is not written", () => {
  const { lines, log } = written({ level: "warn", format: "json" });
  log.info("chatter");
  expect(lines).toEqual([]);
});

test("people at a terminal get lines and programs JSON, unless the environment says otherwise", () => {
  expect(logSettings({}, true)).toEqual({ level: "info", format: "line" });
  expect(logSettings({}, false)).toEqual({ level: "info", format: "json" });
  expect(
    logSettings({ SUPAMARKET_LOG_FORMAT: "json", SUPAMARKET_LOG_LEVEL: "debug" }, true),
  ).toEqual({ level: "debug", format: "json" });
  expect(() => logSettings({ SUPAMARKET_LOG_LEVEL: "loud" }, true)).toThrow(/SUPAMARKET_LOG_LEVEL/);
});
