import { z } from "zod";
import { missing } from "./errors.ts";
import { integer, text } from "./fields.ts";

const Created = z.union([
  integer,
  z.strictObject({ gt: integer, gte: integer, lt: integer, lte: integer }).partial(),
]);

/** The parameters every list takes; spread them into the operation's own. */
export const listFields = {
  limit: integer
    .refine((value) => value >= 1 && value <= 100, {
      error: "parameter_invalid_integer|This value must be between 1 and 100.",
    })
    .default(10),
  starting_after: text().optional(),
  ending_before: text().optional(),
  created: Created.optional(),
};
const Page = z.object(listFields);
type Page = z.infer<typeof Page>;

interface Listed {
  id: string;
  created: number;
}

const isInRange = (at: number, range: Page["created"]): boolean => {
  if (range === undefined) return true;
  if (typeof range === "number") return at === range;
  const { gt = -1, gte = -1, lt = Number.MAX_VALUE, lte = Number.MAX_VALUE } = range;
  return at > gt && at >= gte && at < lt && at <= lte;
};

const positionOf = (objects: readonly Listed[], id: string, param: string): number => {
  const index = objects.findIndex((object) => object.id === id);
  if (index < 0) throw missing("object", id, param, 400);
  return index;
};

/** One page of objects that come newest first, as the API's list object. */
export const listPage = <T extends Listed>(url: string, newestFirst: readonly T[], page: Page) => {
  const all = newestFirst.filter(({ created }) => isInRange(created, page.created));
  const list = (data: T[], hasMore: boolean) => ({
    object: "list" as const,
    url,
    has_more: hasMore,
    data,
  });
  if (page.ending_before !== undefined) {
    const end = positionOf(all, page.ending_before, "ending_before");
    const start = Math.max(0, end - page.limit);
    return list(all.slice(start, end), start > 0);
  }
  const start =
    page.starting_after === undefined
      ? 0
      : positionOf(all, page.starting_after, "starting_after") + 1;
  return list(all.slice(start, start + page.limit), all.length > start + page.limit);
};
