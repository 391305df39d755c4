import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { closeServer, listenOn } from "../../../stack/listen.ts";
import { createLog, logSettings } from "../../../stack/observability/log.ts";

let tracker: Server;
let address: string;
let answering = 204;
const reports: { type: string | undefined; body: string }[] = [];

beforeAll(async () => {
  tracker = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    reports.push({ type: request.headers["content-type"], body });
    response.writeHead(answering).end();
  });
  await listenOn(tracker, 0);
  const at = tracker.address();
  address = `http://127.0.0.1:${at && typeof at === "object" ? at.port : 0}/errors`;
});

afterAll(() => closeServer(tracker));

beforeEach(() => {
  reports.length = 0;
  answering = 204;
});

const aLog = (errorWebhook = address) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLog({ level: "info", format: "line", errorWebhook }, destination) };
};

test("an error is logged and posted to the tracker, with its request and stack", async () => {
  const { lines, log } = aLog();
  log.warn({ status: 502 }, "request failed");
  log.error({ request_id: "r-1", token: "x1", err: new Error("it broke") }, "a service failed");
  await expect.poll(() => reports).toHaveLength(1);
  expect(lines).toHaveLength(2);
  const [report] = reports;
  expect(report?.type).toBe("application/json");
  expect(report?.body).not.toContain("x1");
  expect(JSON.parse(report?.body ?? "")).toMatchObject({
    level: "error",
    request_id: "r-1",
    msg: "a service failed",
    err: { type: "Error", message: "it broke", stack: expect.stringContaining("it broke") },
  });
});

test("a tracker that fails or is gone costs nothing but the report", async () => {
  answering = 500;
  const failing = aLog();
  failing.log.error("first");
  await expect.poll(() => reports).toHaveLength(1);
  failing.log.error("second");
  await expect.poll(() => reports).toHaveLength(2);
  const gone = aLog("http://127.0.0.1:9/errors");
  gone.log.error("third");
  expect(gone.lines).toHaveLength(1);
});

test("a flood of errors is not passed on whole", async () => {
  const { lines, log } = aLog();
  for (let number = 0; number < 500; number++) log.error({ number }, "again");
  await expect.poll(() => reports.length).toBeGreaterThanOrEqual(20);
  expect(lines).toHaveLength(500);
  expect(reports.length).toBeLessThan(100);
});

test("the address comes from the environment, and must be one", () => {
  expect(logSettings({ SUPAMARKET_ERROR_WEBHOOK: address }, false).errorWebhook).toBe(address);
  expect(() => logSettings({ SUPAMARKET_ERROR_WEBHOOK: "tracker" }, false)).toThrow(
    /SUPAMARKET_ERROR_WEBHOOK/,
  );
});
