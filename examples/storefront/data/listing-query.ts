export const sorts = {
  newest: "Newest",
  price: "Price: low to high",
  dearest: "Price: high to low",
  rating: "Best rated",
} as const;

export type Sort = keyof typeof sorts;

/** What the shopper looks at; stands in the address, so that a link shows the same. */
export interface ListingQuery {
  text: string;
  category: string;
  brands: readonly string[];
  /** As typed, in the shop's currency. */
  min: string;
  max: string;
  inStock: boolean;
  onSale: boolean;
  sort: Sort;
}

export const isSort = (text: string | null): text is Sort =>
  text !== null && Object.hasOwn(sorts, text);

export const parseQuery = (search: URLSearchParams): ListingQuery => {
  const sort = search.get("sort");
  return {
    text: search.get("q") ?? "",
    category: search.get("category") ?? "",
    brands: search.getAll("brand"),
    min: search.get("min") ?? "",
    max: search.get("max") ?? "",
    inStock: search.has("stock"),
    onSale: search.has("sale"),
    sort: isSort(sort) ? sort : "newest",
  };
};

/** The address's search part, with its question mark; empty for everything. */
export const formatQuery = (query: ListingQuery): string => {
  const search = new URLSearchParams();
  if (query.text) search.set("q", query.text);
  if (query.category) search.set("category", query.category);
  for (const brand of query.brands) search.append("brand", brand);
  if (query.min) search.set("min", query.min);
  if (query.max) search.set("max", query.max);
  if (query.inStock) search.set("stock", "1");
  if (query.onSale) search.set("sale", "1");
  if (query.sort !== "newest") search.set("sort", query.sort);
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
};

/** Whether anything but the order is chosen. */
export const isNarrowed = (query: ListingQuery): boolean =>
  formatQuery({ ...query, sort: "newest" }) !== "";
