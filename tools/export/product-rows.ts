import type { ProductRow } from "../import/product-row.ts";
import type { Product, Variant } from "./read-catalogue.ts";

export interface RowsContext {
  /** Currency of the prices, where a variant has one in it. */
  currency: string;
  /** The warehouse whose pieces imports set; undefined: the shop has none. */
  warehouseId: string | undefined;
  /** What an import calls a category or a brand, by id. */
  categories: ReadonlyMap<string, string>;
  brands: ReadonlyMap<string, string>;
  /** Told of what rows cannot say, once for each variant or product. */
  note(what: Note): void;
}

/** What a row cannot say, or not as it is. */
export const notes = {
  without_variants: "Products without a variant, so without a row",
  without_price: "Rows without a price, which an import refuses",
  sales: "Variants whose sale has dates, or is not below the price, and is left out",
  other_currencies: "Variants with prices in other currencies too (see --currency)",
  other_warehouses: "Variants with pieces in other warehouses, which stock does not count",
  off_sale: "Variants off sale, which an import into another shop puts on sale",
  own_pictures: "Products with pictures or a weight both for all and for the first variant",
  of_sellers: "Products of sellers, whose own accounts can import these rows",
} as const;

export type Note = keyof typeof notes;

/**
 * A product as rows of `import_products`, one a variant, amounts in minor units; what is empty is
 * left out. The default variant comes first: its row says what the product is.
 */
export const productRows = (product: Product, context: RowsContext): ProductRow[] => {
  const variants = [...product.product_variants].sort(
    (a, b) =>
      Number(b.is_default) - Number(a.is_default) ||
      a.position - b.position ||
      (a.sku < b.sku ? -1 : 1),
  );
  if (variants.length === 0) context.note("without_variants");
  else if (product.seller_id !== null) context.note("of_sellers");

  const isPlain = variants.length === 1 && variants[0]?.sku === product.sku;
  return variants.map((variant, at) => {
    if (!variant.is_active) context.note("off_sale");
    // Only then does an import take pictures and weight for the product's, not the variant's.
    const speaksForProduct = isPlain || variant.is_default;
    const owner = speaksForProduct ? null : variant.id;
    const hidden = owner === null ? variant.id : at === 0 ? null : undefined;
    if (hidden !== undefined && hasOwn(product, variant, hidden)) context.note("own_pictures");
    return withoutEmpty({
      sku: variant.sku,
      parent_sku: isPlain ? null : product.sku,
      title: product.title,
      ...(at === 0 ? sharedFields(product, context) : {}),
      ...priceFields(variant, context),
      stock: stockOf(variant, context),
      options: variant.options,
      barcode: variant.barcode,
      weight_grams: speaksForProduct ? product.weight_grams : variant.weight_grams,
      images: pathsOf(product, owner),
    });
  });
};

const sharedFields = (product: Product, { categories, brands }: RowsContext): ProductRow => ({
  description: product.description,
  category: product.category_id && categories.get(product.category_id),
  brand: product.brand_id && brands.get(product.brand_id),
  list_price: product.list_price,
  tags: product.tags,
  features: product.features,
  specifications: product.specifications,
  dimensions: product.dimensions,
  status: product.status,
  slug: product.slug,
});

const priceFields = (
  { variant_prices: prices }: Variant,
  { currency, note }: RowsContext,
): ProductRow => {
  const currencies = [...new Set(prices.map((price) => price.currency))].sort();
  if (currencies.length > 1) note("other_currencies");
  const used = currencies.includes(currency) ? currency : (currencies[0] ?? currency);
  const inUsed = prices.filter((price) => price.currency === used);
  const base = inUsed.find(({ kind }) => kind === "base")?.amount;
  if (base === undefined) {
    note("without_price");
    return {};
  }
  const sales = inUsed.filter(({ kind }) => kind === "sale");
  const sale = sales.find(
    ({ starts_at, ends_at, amount }) => starts_at === null && ends_at === null && amount < base,
  );
  const isOver = (ends_at: string | null) => ends_at !== null && Date.parse(ends_at) <= Date.now();
  if (!sale && sales.some(({ ends_at }) => !isOver(ends_at))) note("sales");
  return { price: base, sale_price: sale?.amount, currency: used };
};

const stockOf = ({ stock_levels: levels }: Variant, { warehouseId, note }: RowsContext) => {
  if (levels.some((level) => level.warehouse_id !== warehouseId && level.on_hand > 0)) {
    note("other_warehouses");
  }
  return levels.find((level) => level.warehouse_id === warehouseId)?.on_hand;
};

/** Paths of the pictures of a variant, or of the product as a whole (null), in their order. */
const pathsOf = (product: Product, variantId: string | null): string[] =>
  product.product_media
    .filter(({ variant_id }) => variant_id === variantId)
    .sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
    .map(({ path }) => path);

const hasOwn = (product: Product, variant: Variant, owner: string | null): boolean =>
  pathsOf(product, owner).length > 0 ||
  (owner === null ? product.weight_grams : variant.weight_grams) !== null;

const withoutEmpty = (row: ProductRow): ProductRow =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => !isEmpty(value)));

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);
