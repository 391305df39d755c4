import { invalid } from "../auth-error.ts";
import type { Call } from "../router.ts";

export interface Page {
  /** Counted from 1. */
  number: number;
  size: number;
}

const standardSize = 50;

const whole = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalid(
    `Bad Pagination Parameters: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
};

/** Reads `page` and `per_page`; throws for what are no whole numbers. */
export const readPage = ({ url }: Call): Page => {
  const [page, size] = ["page", "per_page"].map((name) => url.searchParams.get(name) || null);
  if (size && whole(size) === 0) {
    throw invalid("Bad Pagination Parameters: per_page must be greater than 0");
  }
  return {
    number: Math.max(1, page ? whole(page) : 1),
    size: size ? whole(size) : standardSize,
  };
};

export const pageLimit = ({ number, size }: Page): [limit: string, offset: string] => [
  String(size),
  // Beyond every row, but within PostgreSQL's numbers.
  String(Math.min((number - 1) * size, Number.MAX_SAFE_INTEGER)),
];

/** `link` and `x-total-count`; addresses are relative to Auth, as GoTrue behind a gateway has them. */
export const pageHeaders = (
  { url }: Call,
  { number, size }: Page,
  total: number,
): Record<string, string> => {
  const last = Math.ceil(total / size);
  const path = url.pathname.replace(/^\/auth\/v1/, "");
  const linkTo = (page: number, rel: string) => {
    const query = new URLSearchParams(url.searchParams);
    query.set("page", String(page));
    // In the order of names, since clients take the page for the first.
    query.sort();
    return `<${path}?${query}>; rel="${rel}"`;
  };
  const links = [...(last > number ? [linkTo(number + 1, "next")] : []), linkTo(last, "last")];
  return { link: links.join(", "), "x-total-count": String(total) };
};
