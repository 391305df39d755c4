import { Problem } from "../problems.ts";

export interface ReturnUrlRules {
  /** Origins that shoppers may be sent back to; empty: any. */
  allowedOrigins: readonly string[];
  /** Used when the request names no address and has no allowed `Origin`. */
  siteUrl: string;
}

interface Wanted {
  success_url?: string | undefined;
  cancel_url?: string | undefined;
}

interface OrderName {
  id: string;
  number: string;
}

export interface ReturnUrls {
  successUrl: string;
  cancelUrl: string;
}

/**
 * Where the hosted page sends the shopper, checked before anything is ordered. The answer fills in
 * the order, once it has a number. Throws `invalid_input` naming the field.
 */
export const returnUrls = (
  wanted: Wanted,
  origin: string | null,
  rules: ReturnUrlRules,
): ((order: OrderName) => ReturnUrls) => {
  const success = wanted.success_url ?? standardUrl("success", origin, rules);
  const cancel = wanted.cancel_url ?? standardUrl("cancelled", origin, rules);
  check("success_url", success, rules);
  check("cancel_url", cancel, rules);
  return (order) => ({ successUrl: fill(success, order), cancelUrl: fill(cancel, order) });
};

const standardUrl = (
  outcome: "success" | "cancelled",
  origin: string | null,
  rules: ReturnUrlRules,
): string => {
  const isUsable = origin !== null && /^https?:\/\//.test(origin) && isAllowed(origin, rules);
  const base = new URL(isUsable ? origin : rules.siteUrl);
  return `${base.origin}${base.pathname}?checkout=${outcome}&order={ORDER_ID}`;
};

const check = (field: string, text: string, rules: ReturnUrlRules): void => {
  // The placeholders stand for letters and digits only.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new Problem("invalid_input", {
      field,
      message: "This must be an http or https address.",
    });
  }
  if (!isAllowed(url.origin, rules)) {
    throw new Problem("invalid_input", {
      field,
      message: "Shoppers are not sent back there; the shop lists the origins it allows.",
    });
  }
};

const isAllowed = (origin: string, { allowedOrigins, siteUrl }: ReturnUrlRules): boolean =>
  allowedOrigins.length === 0 ||
  allowedOrigins.includes(origin) ||
  new URL(siteUrl).origin === origin;

const fill = (url: string, order: OrderName): string =>
  url
    .replaceAll("{ORDER_ID}", encodeURIComponent(order.id))
    .replaceAll("{ORDER_NUMBER}", encodeURIComponent(order.number));
