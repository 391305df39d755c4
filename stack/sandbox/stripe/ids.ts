import { randomInt } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` random letters and digits. */
export const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");

/** A new id in the provider's form, e.g. `pi_3Qd…`; the prefix says what it names. */
export const newId = {
  charge: () => `ch_3${randomText(23)}`,
  coupon: () => randomText(8),
  customer: () => `cus_${randomText(14)}`,
  delivery: () => `whd_${randomText(16)}`,
  endpoint: () => `we_1${randomText(23)}`,
  event: () => `evt_1${randomText(23)}`,
  intent: () => `pi_3${randomText(23)}`,
  lineItem: () => `li_1${randomText(23)}`,
  paymentMethod: () => `pm_1${randomText(23)}`,
  price: () => `price_1${randomText(23)}`,
  product: () => `prod_${randomText(14)}`,
  refund: () => `re_3${randomText(23)}`,
  request: () => `req_${randomText(14)}`,
  session: () => `cs_test_a1${randomText(56)}`,
  signingSecret: () => `whsec_${randomText(32)}`,
} as const;
