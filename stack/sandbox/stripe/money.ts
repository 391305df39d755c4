import { invalidRequest } from "./errors.ts";

/** The least the provider charges, in minor units; other currencies have no floor here. */
const MINIMUM: Readonly<Record<string, number>> = {
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
  usd: 50,
};

/** Minor units as people read them, e.g. `$12.50`. */
export const formatMoney = (minorUnits: number, currency: string): string => {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minorUnits / 10 ** digits);
};

/** Throws 400 `amount_too_small` for what the provider would not charge. */
export const checkMinimum = (amount: number, currency: string, param: string): void => {
  const least = MINIMUM[currency] ?? 1;
  if (amount >= least) return;
  const shown = formatMoney(least, currency);
  throw invalidRequest(`Amount must be at least ${shown} ${currency}`, param, "amount_too_small");
};

/** Splits `total` in proportion to `weights`; the rest goes to the largest fractions, so parts sum to it. */
export const allocate = (total: number, weights: readonly number[]): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map(() => 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const parts = exact.map(Math.floor);
  const rest = total - parts.reduce((a, b) => a + b, 0);
  const order = exact
    .map((value, index) => ({ index, fraction: value - Math.floor(value) }))
    .sort((a, b) => b.fraction - a.fraction || a.index - b.index);
  for (const { index } of order.slice(0, rest)) parts[index] = (parts[index] ?? 0) + 1;
  return parts;
};
