import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewaySettings } from "../../../stack/gateway/settings.ts";
import { type Door, openDoor, parseRaw, withSockets } from "./harness.ts";

const shop = "https://shop.example";
const stranger = "https://stranger.example";

const ask = (door: Door, path: string, origin: string) =>
  fetch(door.url + path, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "apikey, authorization, content-type, x-client-info",
    },
  });

/** A function that lets everybody in, as most do. */
const openFunction = async () =>
  new Response(null, {
    headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "apikey" },
  });

describe("as on every Supabase project", () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor({}, { functions: withSockets(openFunction) });
  });
  afterAll(() => door.stop());

  test.each([
    "/rest/v1/products",
    "/auth/v1/token",
    "/storage/v1/object/a/b",
    "/realtime/v1/api/x",
  ])("pages of any origin may use %s", async (path) => {
    const preflight = await ask(door, path, shop);
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("x-client-info");
    expect(preflight.headers.get("access-control-max-age")).toBe("86400");
    const answer = await fetch(door.url + path, { headers: { origin: shop } });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-expose-headers")).toContain("content-range");
  });

  test("functions answer for themselves, so that one without CORS fails here too", async () => {
    const preflight = await ask(door, "/functions/v1/hello", shop);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("apikey");
    expect(preflight.headers.has("access-control-max-age")).toBe(false);
  });

  test("refusals can be read by pages too", async () => {
    const answer = await fetch(`${door.url}/nowhere`, { headers: { origin: shop } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("with a list of origins", () => {
  let door: Door;
  beforeAll(async () => {
    const { corsOrigins } = gatewaySettings({
      SUPAMARKET_CORS_ORIGINS: `${shop}/, http://localhost:3000`,
    });
    door = await openDoor({ corsOrigins }, { functions: withSockets(openFunction) });
  });
  afterAll(() => door.stop());

  test.each(["/rest/v1/products", "/functions/v1/hello"])(
    "only pages on it may use %s",
    async (path) => {
      for (const send of [
        (origin: string) => ask(door, path, origin),
        (origin: string) => fetch(door.url + path, { headers: { origin } }),
      ]) {
        const mine = await send(shop);
        expect(mine.headers.get("access-control-allow-origin")).toBe(shop);
        expect(mine.headers.get("vary")).toContain("Origin");
        const theirs = await send(stranger);
        expect(theirs.headers.has("access-control-allow-origin")).toBe(false);
      }
    },
  );

  test("programs, which send no origin, are served", async () => {
    expect((await fetch(`${door.url}/rest/v1/products`)).status).toBe(200);
  });

  test("a socket from a page that is not on it is refused", async () => {
    const answer = await door.raw(
      "GET /realtime/v1/websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\n" +
        `upgrade: websocket\r\norigin: ${stranger}\r\n\r\n`,
    );
    expect(parseRaw(answer)).toMatchObject({ status: 403, body: { code: "origin_not_allowed" } });
  });
});

test("a list with something that is no origin is refused at the start, by name", () => {
  expect(() => gatewaySettings({ SUPAMARKET_CORS_ORIGINS: "shop" })).toThrow(
    /SUPAMARKET_CORS_ORIGINS/,
  );
});
