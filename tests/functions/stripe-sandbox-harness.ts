import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import Stripe from "stripe";
import { onTestFinished, vi } from "vitest";
import { closeServer, listenOn } from "../../stack/listen.ts";
import {
  createStripeSandbox,
  type StripeSandboxOptions,
} from "../../stack/sandbox/stripe/sandbox.ts";

export const SECRET_KEY = "sk_test_sandbox";
const WEBHOOK_SECRET = "whsec_for_tests";

const portOf = (address: string | AddressInfo | null): number => {
  if (address === null || typeof address === "string") throw new Error("not listening on TCP");
  return address.port;
};

interface Received {
  event: Stripe.Event;
  headers: IncomingHttpHeaders;
}

/** A folder for the test's files. */
export const aFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "stripe-sandbox-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
};

/** A shop's webhook endpoint that verifies with the real SDK; `answer` says the status of each call. */
export const aShop = async (answer: (received: Received, count: number) => number = () => 200) => {
  const received: Received[] = [];
  const rejected: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const signature = request.headers["stripe-signature"] ?? "";
    try {
      const event = Stripe.webhooks.constructEvent(
        Buffer.concat(chunks),
        signature,
        WEBHOOK_SECRET,
      );
      const entry = { event, headers: request.headers };
      received.push(entry);
      response.writeHead(answer(entry, received.length)).end();
    } catch (error) {
      rejected.push(error);
      response.writeHead(400).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => closeServer(server));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}/webhooks/stripe`,
    received,
    rejected,
    types: () => received.map(({ event }) => event.type),
  };
};
type Shop = Awaited<ReturnType<typeof aShop>>;

/** A sandbox on a free port, with clients and control; ends with the test unless stopped before. */
export const aSandbox = async (shop: Shop, options: Partial<StripeSandboxOptions> = {}) => {
  let fetchFrom: Awaited<ReturnType<typeof createStripeSandbox>>["fetch"];
  const listener = getRequestListener(
    (request, { incoming: { socket } }) =>
      fetchFrom(request, { address: socket.remoteAddress, reset: () => socket.destroy() }),
    { overrideGlobalObjects: false },
  );
  const server = await listenOn(createServer(listener), 0);
  const port = portOf(server.address());
  const url = `http://127.0.0.1:${port}`;
  const sandbox = await createStripeSandbox({
    webhookUrl: shop.url,
    webhookSecret: WEBHOOK_SECRET,
    secretKey: SECRET_KEY,
    publicUrl: url,
    webhookRetryDelays: [20, 40, 80],
    ...options,
  });
  fetchFrom = sandbox.fetch;
  const stop = async () => {
    await sandbox.stop();
    await closeServer(server);
  };
  onTestFinished(stop);
  const stripe = (config: Stripe.StripeConfig = {}, key = SECRET_KEY) =>
    new Stripe(key, {
      host: "127.0.0.1",
      port,
      protocol: "http",
      maxNetworkRetries: 0,
      telemetry: false,
      ...config,
    });
  const control = async (path: string, body?: object, method = "POST") => {
    const response = await fetch(`${url}/_sandbox${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: await response.json() };
  };
  return { url, port, sandbox, stripe, client: stripe(), control, stop };
};

/** An open checkout session of one line, 25 dollars. */
export const aSession = (client: Stripe, over: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  client.checkout.sessions.create({
    mode: "payment",
    line_items: [
      {
        quantity: 2,
        price_data: { currency: "usd", unit_amount: 1250, product_data: { name: "Kettle <b>" } },
      },
    ],
    success_url: "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://shop.test/cart",
    client_reference_id: "order-1",
    metadata: { order_id: "order-1" },
    payment_intent_data: { metadata: { order_id: "order-1" } },
    ...over,
  });

/** Parameters of an intent that is paid at once. */
export const paid = {
  amount: 2500,
  currency: "usd",
  confirm: true,
  payment_method: "pm_card_visa",
};

/** The error a call ends with. */
export const failureOf = async (
  call: Promise<unknown>,
): Promise<InstanceType<typeof Stripe.errors.StripeError>> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Stripe.errors.StripeError)) throw new Error(`not refused: ${error}`);
  return error;
};

export const eventually = <T>(check: () => T | Promise<T>) =>
  vi.waitFor(check, { timeout: 5000, interval: 10 });

/** What a page shows, without its head. */
export const shown = async (response: Response) => {
  const [, body = ""] = (await response.text()).split("<main");
  return body.replaceAll("&#39;", "'");
};

/** Sends a form of a hosted page, without following where it leads. */
export const submit = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
/** The pay form, filled in. */
export const card = (number: string) => ({
  email: "ada@example.com",
  number,
  expiry: "12 / 40",
  cvc: "123",
});
