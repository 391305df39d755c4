import { afterEach, describe, expect, test } from "vitest";
import { gatewaySettings } from "../../../stack/gateway/settings.ts";
import { type Door, openDoor, parseRaw } from "./harness.ts";

const unlimited = { perIp: 0, perUser: 0, perKey: 0 };
const tokens = new Map([
  ["ada-1", "ada"],
  ["ada-2", "ada"],
  ["bo-1", "bo"],
]);
const ports = {
  userOf: async (token: string) => tokens.get(token),
  keyNameOf: (key: string) => (key === "known" ? key : undefined),
};

let door: Door;
afterEach(() => door.stop());

const statuses = async (count: number, headers: Record<string, string> = {}) => {
  const answers: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    answers.push((await fetch(`${door.url}/rest/v1/x`, { headers })).status);
  }
  return answers;
};
const as = (token: string) => ({ authorization: `Bearer ${token}` });

describe("an address", () => {
  test("is told how much is left, and when to come back", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perIp: 2 } }, ports);
    const first = await fetch(`${door.url}/rest/v1/x`);
    expect(first.headers.get("ratelimit-limit")).toBe("2");
    expect(first.headers.get("ratelimit-remaining")).toBe("1");
    await fetch(`${door.url}/auth/v1/x`);
    const origin = "https://shop.example";
    const third = await fetch(`${door.url}/storage/v1/x`, { headers: { origin } });
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({
      code: "over_request_rate_limit",
      message: expect.stringContaining("2 requests a minute"),
    });
    const seconds = Number(third.headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(third.headers.get("ratelimit-remaining")).toBe("0");
    expect(third.headers.get("access-control-expose-headers")).toContain("retry-after");
    expect(await door.metrics()).toContain('supamarket_http_rate_limited_total{limit="ip"} 1');
  });

  test("is held to it for sockets too", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perIp: 1 } }, ports);
    await statuses(1);
    const answer = await door.raw(
      "GET /realtime/v1/websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    expect(parseRaw(answer).status).toBe(429);
    expect(parseRaw(answer).headers).toContain("retry-after: ");
  });

  test("is the connection's own, whatever a client writes", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perIp: 1 } }, ports);
    expect(await statuses(1, { "x-forwarded-for": "203.0.113.1" })).toEqual([200]);
    expect(await statuses(1, { "x-forwarded-for": "203.0.113.2" })).toEqual([429]);
  });

  test("is what a trusted proxy says, which stands last", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perIp: 1 }, trustedProxies: 1 }, ports);
    expect(await statuses(1, { "x-forwarded-for": "203.0.113.1" })).toEqual([200]);
    expect(await statuses(1, { "x-forwarded-for": "203.0.113.1, 203.0.113.2" })).toEqual([200]);
    expect(await statuses(1, { "x-forwarded-for": "198.51.100.1, 203.0.113.2" })).toEqual([429]);
  });
});

describe("a user", () => {
  test("is one across tokens, and others are not held back", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perUser: 2 } }, ports);
    expect(await statuses(1, as("ada-1"))).toEqual([200]);
    expect(await statuses(2, as("ada-2"))).toEqual([200, 429]);
    expect(await statuses(1, as("bo-1"))).toEqual([200]);
    expect(await statuses(3)).toEqual([200, 200, 200]);
  });

  test("cannot be used up with tokens that are not genuine", async () => {
    door = await openDoor({ rateLimits: { ...unlimited, perUser: 1 } }, ports);
    expect(await statuses(3, as("forged"))).toEqual([200, 200, 200]);
    expect(await statuses(1, as("ada-1"))).toEqual([200]);
  });
});

test("a key has a limit of its own when it is given one", async () => {
  door = await openDoor({ rateLimits: { ...unlimited, perKey: 1 } }, ports);
  expect(await statuses(2, { apikey: "known" })).toEqual([200, 429]);
  expect(await statuses(2, { apikey: "made up" })).toEqual([200, 200]);
  const inQuery = await fetch(`${door.url}/rest/v1/x?select=a&apikey=known`);
  expect(inQuery.status).toBe(429);
});

test("whoever watches the stack is never turned away", async () => {
  door = await openDoor({ rateLimits: { ...unlimited, perIp: 1 } }, ports);
  await statuses(2);
  expect((await fetch(`${door.url}/health`)).status).toBe(200);
});

test("the standard limits are far above what one machine can send", async () => {
  const { rateLimits } = gatewaySettings();
  expect(rateLimits.perIp / 60).toBeGreaterThanOrEqual(10_000);
  door = await openDoor({}, ports);
  expect(new Set(await statuses(200))).toEqual(new Set([200]));
});
