import { z } from "zod";
import { ApiFailure, retrying } from "../support/project.ts";

/** Test cards of the payment sandbox. */
export const cards = {
  accepted: "4242424242424242",
  declined: "4000000000000002",
  /** Asks the shopper for 3-D Secure. */
  challenged: "4000002500003155",
} as const;

/** Pays a hosted checkout page; throws ApiFailure with the card's own code, e.g. `card_declined`. */
export type PayByCard = (sessionId: string, card: string) => Promise<void>;

const Outcome = z.object({ payment_status: z.string() });
const Refusal = z.object({
  error: z.object({ code: z.string().optional(), message: z.string().optional() }),
});

/** Does on the sandbox what a shopper does in the browser on the provider's page. */
export const sandboxAt =
  (url: string): PayByCard =>
  (sessionId, card) =>
    retrying(async () => {
      const response = await fetch(`${url}/_sandbox/sessions/${sessionId}/pay`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ card }),
        signal: AbortSignal.timeout(60_000),
      }).catch((error: unknown) => {
        throw new ApiFailure(0, "sandbox_unreachable", `Nothing answers at ${url}.`, {
          cause: error,
        });
      });
      const body: unknown = await response.json().catch(() => ({}));
      if (response.ok) {
        const { payment_status } = Outcome.parse(body);
        if (payment_status === "paid") return;
        throw new ApiFailure(409, "not_paid", `The payment is ${payment_status}.`);
      }
      const { error } = Refusal.catch({ error: {} }).parse(body);
      const code = error.code ?? `http_${response.status}`;
      throw new ApiFailure(response.status, code, error.message ?? code);
    });

/** The id of the hosted session in its address. */
export const sessionIn = (redirectUrl: string | undefined): string => {
  const [id] = /cs_\w+/.exec(redirectUrl ?? "") ?? [];
  if (!id) throw new ApiFailure(500, "unexpected_answer", "There is no payment page to go to.");
  return id;
};
