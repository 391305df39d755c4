import { Hono } from "hono";
import { z } from "zod";
import { messagePage, page, seeOther } from "../page.ts";
import { TEST_CARDS } from "./cards.ts";
import { ApiError, refused } from "./errors.ts";
import { findIntent } from "./intents.ts";
import { challengePage, type Filled, payPage } from "./page-views.ts";
import { answerChallenge, challengeUrl } from "./payment.ts";
import { paymentMethodFromData } from "./payment-methods.ts";
import { findSession, paySession } from "./sessions.ts";
import type { IntentRecord, SessionRecord } from "./store.ts";
import { successUrl } from "./success-url.ts";
import type { World } from "./world.ts";

export interface PagePorts {
  world: World;
  kept(): Promise<void>;
}

const Fields = z.object({
  email: z.string().trim().max(800).default(""),
  name: z.string().trim().max(200).default(""),
  number: z.string().trim().max(30).default(""),
  expiry: z.string().trim().max(10).default(""),
  cvc: z.string().trim().max(4).default(""),
  /** A test card to fill in, instead of paying. */
  fill: z.string().optional(),
});
type Fields = z.infer<typeof Fields>;

/** A card that is good for the next four years, as filled in for the shopper. */
const exampleCard = (number: string): Pick<Filled, "number" | "expiry" | "cvc"> => ({
  number: number.replaceAll(/(\d{4})(?=\d)/g, "$1 "),
  expiry: `12 / ${String((new Date().getFullYear() + 4) % 100).padStart(2, "0")}`,
  cvc: number.length === 15 ? "1234" : "123",
});

const lastError = (world: World, { object }: SessionRecord): string | null => {
  const intent = world.store.intents.get(String(object.payment_intent))?.object;
  return intent?.status === "requires_payment_method"
    ? (intent.last_payment_error?.message ?? null)
    : null;
};

const endedPage = ({ object }: SessionRecord) =>
  object.status === "complete"
    ? page(messagePage("Payment received", "This order is paid.", successUrl(object), "Continue"))
    : page(
        messagePage(
          "This payment page has expired",
          "Nothing was charged. Go back to the shop to try again.",
          object.cancel_url,
          "Back to the shop",
        ),
        410,
      );

const methodOf = (world: World, sent: Fields) => {
  const [, month = "", year = ""] = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(sent.expiry) ?? [];
  return paymentMethodFromData(world, {
    type: "card",
    card: {
      number: sent.number,
      exp_month: Number(month),
      exp_year: Number(year),
      cvc: sent.cvc,
    },
    billing_details: {
      address: null,
      email: sent.email || null,
      name: sent.name || null,
      phone: null,
      tax_id: null,
    },
  });
};

/** Where the shopper goes when the bank has answered. */
const afterChallenge = (world: World, intent: IntentRecord) => {
  const { object } = intent;
  if (intent.session !== null) {
    const session = findSession(world, intent.session);
    return seeOther(
      session.object.status === "complete" ? successUrl(session.object) : `/c/pay/${session.id}`,
    );
  }
  const isPaid = object.status === "succeeded";
  if (intent.returnUrl !== null) {
    const url = new URL(intent.returnUrl);
    url.searchParams.set("payment_intent", object.id);
    url.searchParams.set("payment_intent_client_secret", object.client_secret ?? "");
    url.searchParams.set("redirect_status", isPaid ? "succeeded" : "failed");
    return seeOther(url.href);
  }
  return page(
    messagePage(
      isPaid ? "Payment authorised" : "Payment not authorised",
      "You can close this window.",
      null,
      "",
    ),
  );
};

/** `/c/*`: the checkout page and the bank's 3-D Secure page; plain HTML, no scripts. */
export const createPages = ({ world, kept }: PagePorts) => {
  const app = new Hono().basePath("/c");

  app.onError((error) => {
    if (!(error instanceof ApiError)) throw error;
    return page(messagePage("Nothing here", error.message, null, ""), error.status);
  });
  app.notFound(() => page(messagePage("Nothing here", "There is no such page.", null, ""), 404));

  app.get("/pay/:id", (c) => {
    const session = findSession(world, c.req.param("id"));
    if (session.object.status !== "open") return endedPage(session);
    const filled = {
      email: session.object.customer_email ?? session.object.customer_details?.email ?? "",
      name: session.object.customer_details?.name ?? "",
      ...exampleCard(TEST_CARDS[0]?.number ?? ""),
    };
    return page(payPage(session, filled, lastError(world, session)));
  });

  app.post("/pay/:id", async (c) => {
    const session = findSession(world, c.req.param("id"));
    const form = Fields.safeParse(Object.fromEntries(await c.req.raw.formData()));
    if (!form.success) throw refused("The form could not be read.");
    const sent = form.data;
    // Paid or expired meanwhile, perhaps by a second click.
    if (session.object.status === "complete") return seeOther(successUrl(session.object));
    if (session.object.status !== "open") return endedPage(session);
    if (sent.fill !== undefined) {
      return page(payPage(session, { ...sent, ...exampleCard(sent.fill) }, null));
    }
    if (!/^[^\s@]+@[^\s@]+$/.test(sent.email)) {
      return page(payPage(session, sent, "Your email address is incomplete."), 400);
    }
    try {
      const shopper = { email: sent.email, name: sent.name || null };
      const refusal = paySession(world, session, methodOf(world, sent), shopper);
      if (refusal) throw refusal;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await kept();
      return page(payPage(session, sent, error.message), error.status);
    }
    await kept();
    const intent = world.store.intents.get(String(session.object.payment_intent));
    return seeOther(
      intent?.object.status === "requires_action"
        ? challengeUrl(world, intent.id)
        : successUrl(session.object),
    );
  });

  app.get("/challenge/:id", (c) => {
    const intent = findIntent(world, c.req.param("id"));
    if (intent.object.status !== "requires_action") return afterChallenge(world, intent);
    return page(challengePage(intent.object));
  });

  app.post("/challenge/:id", async (c) => {
    const intent = findIntent(world, c.req.param("id"));
    const answer = (await c.req.raw.formData()).get("answer");
    if (answer !== "complete" && answer !== "fail") throw refused("Choose an answer.");
    // A second click finds the question answered, and only goes on.
    if (intent.object.status === "requires_action") {
      answerChallenge(world, intent, answer === "complete");
      await kept();
    }
    return afterChallenge(world, intent);
  });

  return { fetch: async (request: Request): Promise<Response> => app.fetch(request) };
};
