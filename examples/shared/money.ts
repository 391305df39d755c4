const formats = new Map<string, Intl.NumberFormat>();

const formatOf = (currency: string): Intl.NumberFormat => {
  const known = formats.get(currency);
  if (known) return known;
  const made = new Intl.NumberFormat(undefined, { style: "currency", currency });
  formats.set(currency, made);
  return made;
};

/** How many minor units make one: 100 for GBP, 1 for JPY. */
export const minorUnits = (currency: string): number =>
  10 ** (formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2);

/** An amount in minor units as people write it. */
export const money = (amount: number, currency: string): string =>
  formatOf(currency).format(amount / minorUnits(currency));

/** As `money`, without the pence: for charts and sums at a glance. */
export const roundMoney = (amount: number, currency: string): string =>
  new Intl.NumberFormat(undefined, {
    style: "currency",
    currency,
    notation: amount / minorUnits(currency) >= 100_000 ? "compact" : "standard",
    maximumFractionDigits: amount / minorUnits(currency) >= 100_000 ? 1 : 0,
  }).format(amount / minorUnits(currency));

/** Minor units of what somebody typed, such as "12.50"; undefined when it is no amount. */
export const toMinor = (text: string, currency: string): number | undefined => {
  const value = Number(text.trim());
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) return undefined;
  return Math.round(value * minorUnits(currency));
};
