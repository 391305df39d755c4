export type PriceUnit = "minor" | "major";

/**
 * An amount as written in a file, in minor units of a currency with `exponent` decimals; or why it
 * is none. Major units may carry a currency sign, and separators of either convention.
 */
export const parseAmount = (
  given: unknown,
  unit: PriceUnit,
  exponent: number,
): { amount: number } | { problem: string } => {
  const text =
    typeof given === "number" ? plainNumber(given) : typeof given === "string" ? given : "";
  const bare = text.replace(/[\s\u00a0\p{Sc}]/gu, "").replace(/^[A-Z]{3}|[A-Z]{3}$/g, "");
  const decimal = unit === "minor" ? bare : withPoint(bare, exponent);
  if (!/^\d+(\.\d+)?$/.test(decimal)) return { problem: `"${shown(given)}" is not an amount` };

  const [whole = "0", fraction = ""] = decimal.split(".");
  const decimals = unit === "minor" ? 0 : exponent;
  const kept = fraction.replace(/0+$/, "");
  if (kept.length > decimals) {
    return {
      problem:
        unit === "minor"
          ? `"${shown(given)}" is not a whole number of minor units`
          : `"${shown(given)}" has more than ${decimals} decimals`,
    };
  }
  const amount = Number(whole + kept.padEnd(decimals, "0"));
  return Number.isSafeInteger(amount) ? { amount } : { problem: `"${shown(given)}" is too large` };
};

const plainNumber = (value: number): string =>
  Number.isFinite(value) && Math.abs(value) < 1e15 ? String(value) : "";

/** `1,299.50` and `1.299,50` with a point as the only mark. */
const withPoint = (text: string, exponent: number): string => {
  const mark = Math.max(text.lastIndexOf(","), text.lastIndexOf("."));
  if (mark < 0) return text;
  const [whole, fraction] = [text.slice(0, mark), text.slice(mark + 1)];
  const isThousands = text[mark] === "," && fraction.length === 3 && exponent !== 3;
  const digits = whole.replace(/[.,']/g, "");
  const isGrouped = /^\d{1,3}([.,']\d{3})*$/.test(whole) || /^\d*$/.test(whole);
  if (!isGrouped) return "";
  return isThousands ? digits + fraction : `${digits || "0"}.${fraction}`;
};

const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};
