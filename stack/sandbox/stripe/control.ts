import { Hono } from "hono";
import { z } from "zod";
import type { Peer, RequestEntry } from "./api.ts";
import { cardOfNumber, cardOfToken, digitsOf, isCardNumber } from "./cards.ts";
import type { Deliveries } from "./deliveries.ts";
import { ApiError, missing, refused } from "./errors.ts";
import { type Faults, NO_FAULTS } from "./faults.ts";
import { findIntent } from "./intents.ts";
import { answerChallenge, challengeUrl, settleDebit } from "./payment.ts";
import { findPaymentMethod, paymentMethodFromData } from "./payment-methods.ts";
import { expireSession, findSession, paySession } from "./sessions.ts";
import type { SessionRecord, Store } from "./store.ts";
import { successUrl } from "./success-url.ts";
import type { World } from "./world.ts";

export interface ControlPorts {
  world: World;
  store: Store;
  faults: Faults;
  deliveries: Deliveries;
  requests(): readonly RequestEntry[];
  kept(): Promise<void>;
  /** Forgets everything, as on the first start. */
  reset(): void;
}

const Faulty = z
  .strictObject({
    outage: z.enum(["none", "unavailable", "rate_limited", "reset", "lost_reply"]),
    count: z.int().positive().nullable(),
    match: z.string(),
    latency_ms: z.int().min(0).max(60_000),
    hang_ms: z.int().min(0).max(120_000),
  })
  .partial();

const Webhooks = z.strictObject({
  mode: z.enum(["normal", "duplicate", "held", "reversed"]),
  /** With `reversed`: how many make a batch. */
  batch: z.int().min(2).max(1000).default(2),
});

const Pay = z.strictObject({
  /** A test card number, or a test id such as `pm_card_visa`. */
  card: z.string().default("4242424242424242"),
  email: z.string().nullable().default(null),
  name: z.string().nullable().default(null),
  /** What the shopper does when asked for 3-D Secure. */
  challenge: z.enum(["complete", "fail", "leave"]).default("complete"),
});

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const isLoopbackName = (url: string) =>
  URL.canParse(url) && LOOPBACK_NAMES.includes(new URL(url).hostname);
const isLoopbackAddress = (address: string) =>
  address === "::1" || /^(::ffff:)?127\./.test(address);

/** Not from another machine, nor from a page of another site in a browser on this one. */
const isLocal = (request: Request, peer: Peer): boolean => {
  const origin = request.headers.get("origin");
  return (
    isLoopbackName(request.url) &&
    (origin === null || isLoopbackName(origin)) &&
    (peer.address === undefined || isLoopbackAddress(peer.address))
  );
};

const bodyAs = async <T extends z.ZodType>(request: Request, schema: T): Promise<z.infer<T>> => {
  const content = await request.text();
  try {
    return schema.parse(content === "" ? {} : JSON.parse(content));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : "The body is not JSON.";
    throw refused(problem);
  }
};

const methodFor = (world: World, card: string) => {
  const digits = digitsOf(card);
  if (!isCardNumber(digits)) {
    if (!cardOfToken(card)) throw missing("test card", card, "card", 400);
    return findPaymentMethod(world, card);
  }
  // Also numbers that are not test cards, so that their refusal can be tried.
  const year = new Date().getFullYear() + 4;
  return paymentMethodFromData(world, {
    type: "card",
    card: { number: cardOfNumber(digits).number || digits, exp_month: 12, exp_year: year },
  });
};

const outcomeOf = (world: World, { object }: SessionRecord) => {
  const id = typeof object.payment_intent === "string" ? object.payment_intent : null;
  const intent = id === null ? null : (world.store.intents.get(id)?.object ?? null);
  return {
    session: object.id,
    status: object.status,
    payment_status: object.payment_status,
    payment_intent: id,
    payment_intent_status: intent?.status ?? null,
    challenge_url: intent?.status === "requires_action" ? challengeUrl(world, intent.id) : null,
    redirect_url: object.status === "complete" ? successUrl(object) : null,
  };
};

const pay = (world: World, session: SessionRecord, sent: z.infer<typeof Pay>) => {
  // As on the page: who pays again what is paid is only sent on.
  if (session.object.status === "complete") return outcomeOf(world, session);
  const refusal = paySession(world, session, methodFor(world, sent.card), sent);
  if (refusal) throw refusal;
  const id = session.object.payment_intent;
  const intent = typeof id === "string" ? findIntent(world, id) : undefined;
  if (intent?.object.status === "requires_action" && sent.challenge !== "leave") {
    const failure = answerChallenge(world, intent, sent.challenge === "complete");
    if (failure) throw failure;
  }
  return outcomeOf(world, session);
};

const countBy = (values: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};

/** Counts and sums to hold against a shop's own books; money in minor units by currency. */
const statusOf = ({ store, faults, deliveries }: ControlPorts) => {
  const charged: Record<string, { charges: number; taken: number; refunded: number }> = {};
  for (const charge of store.charges.newestFirst().filter(({ paid }) => paid)) {
    const sum = charged[charge.currency] ?? { charges: 0, taken: 0, refunded: 0 };
    charged[charge.currency] = {
      charges: sum.charges + 1,
      taken: sum.taken + charge.amount,
      refunded: sum.refunded + charge.amount_refunded,
    };
  }
  return {
    sessions: countBy(store.sessions.newestFirst().map(({ object }) => object.status ?? "none")),
    payment_intents: countBy(store.intents.newestFirst().map(({ object }) => object.status)),
    charged,
    refunds: store.refunds.size,
    events: store.events.size,
    deliveries: countBy(store.deliveries.newestFirst().map(({ state }) => state)),
    webhooks: deliveries.mode,
    faults: faults.plan,
  };
};

/** `/_sandbox/*`: what tests and tools ask of the sandbox, and no real provider offers. JSON both ways. */
export const createControl = (ports: ControlPorts) => {
  const { world, store, faults, deliveries } = ports;
  const app = new Hono<{ Bindings: Peer }>().basePath("/_sandbox");

  app.use(async (c, next) => {
    if (!isLocal(c.req.raw, c.env)) {
      return c.json({ error: { message: "The control API answers this machine only." } }, 403);
    }
    await next();
    await ports.kept();
    return undefined;
  });
  app.onError((error, c) => {
    if (!(error instanceof ApiError)) throw error;
    return Response.json({ error: error.body }, { status: error.status, headers: c.res.headers });
  });
  app.notFound((c) => c.json({ error: { message: `No such control: ${c.req.path}` } }, 404));

  app.get("/status", (c) => c.json(statusOf(ports)));
  app.get("/requests", (c) => c.json({ data: ports.requests() }));
  app.post("/reset", (c) => {
    ports.reset();
    return c.json(statusOf(ports));
  });
  app.post("/advance", async (c) => {
    const { seconds } = await bodyAs(
      c.req.raw,
      z.strictObject({ seconds: z.int().min(1).max(31_536_000) }),
    );
    world.schedule.advance(seconds);
    return c.json({ now: world.now() });
  });

  app.get("/faults", (c) => c.json(faults.plan));
  app.post("/faults", async (c) => {
    const sent = await bodyAs(c.req.raw, Faulty);
    const given = Object.entries(sent).filter(([, value]) => value !== undefined);
    faults.set(Object.assign({ ...NO_FAULTS }, Object.fromEntries(given)));
    return c.json(faults.plan);
  });
  app.delete("/faults", (c) => {
    faults.set(NO_FAULTS);
    return c.json(faults.plan);
  });

  app.post("/webhooks", async (c) => {
    const { mode, batch } = await bodyAs(c.req.raw, Webhooks);
    deliveries.setMode(mode, batch);
    return c.json({ mode, batch });
  });
  app.post("/webhooks/flush", async (c) => {
    const { order } = await bodyAs(
      c.req.raw,
      z.strictObject({ order: z.enum(["oldest_first", "newest_first"]).default("oldest_first") }),
    );
    return c.json({ released: await deliveries.release(order) });
  });
  app.get("/deliveries", (c) => {
    const { state, type, event } = c.req.query();
    const data = store.deliveries
      .newestFirst()
      .filter((delivery) => state === undefined || delivery.state === state)
      .filter((delivery) => type === undefined || delivery.type === type)
      .filter((delivery) => event === undefined || delivery.event === event);
    return c.json({ data });
  });
  app.post("/events/:id/resend", async (c) => {
    const event = store.events.get(c.req.param("id"));
    if (!event) throw missing("event", c.req.param("id"));
    return c.json({ data: await deliveries.resend(event) });
  });

  app.post("/sessions/:id/pay", async (c) => {
    const sent = await bodyAs(c.req.raw, Pay);
    return c.json(pay(world, findSession(world, c.req.param("id")), sent));
  });
  app.post("/sessions/:id/expire", (c) => {
    const session = findSession(world, c.req.param("id"));
    expireSession(world, session);
    return c.json(outcomeOf(world, session));
  });
  app.post("/payment_intents/:id/challenge", async (c) => {
    const { outcome } = await bodyAs(
      c.req.raw,
      z.strictObject({ outcome: z.enum(["complete", "fail"]) }),
    );
    const intent = findIntent(world, c.req.param("id"));
    const failure = answerChallenge(world, intent, outcome === "complete");
    if (failure) throw failure;
    return c.json({ id: intent.id, status: intent.object.status });
  });
  app.post("/payment_intents/:id/settle", (c) => {
    const intent = findIntent(world, c.req.param("id"));
    settleDebit(world, intent);
    return c.json({ id: intent.id, status: intent.object.status });
  });

  return {
    fetch: async (request: Request, peer: Peer): Promise<Response> => app.fetch(request, peer),
  };
};
