import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, inject } from "vitest";

/** A port next to the sandbox's own, which nothing else of the block takes. */
const port = () =>
  Number(new URL(inject("project").sandboxUrl ?? "http://127.0.0.1:54325").port) + 4;

const listening = async (): Promise<Server | undefined> => {
  const server = createServer();
  server.listen(port(), "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
};

/**
 * Files that make Stripe fail or hold its webhooks back run one after the other, because all files
 * share one Stripe. A port that is listened on is the token: it is free when its holder ends,
 * however that happens.
 */
export const haveStripeAlone = () => {
  let token: Server | undefined;
  beforeAll(async () => {
    while (!token) {
      token = await listening();
      if (!token) await pause(100);
    }
  }, 180_000);
  afterAll(() => {
    token?.close();
  });
};
