import { randomUUID } from "node:crypto";
import { aShippingMethod, aTaxRate, type Seat, type World } from "./access-world.ts";
import { unique } from "./actors.ts";
import { anAddress } from "./factories.ts";

/** Column values: a filter that finds rows, or what to write. */
export type Row = Record<string, unknown>;

interface Sight {
  rows: (world: World) => Row;
  by: readonly Seat[];
}

interface Addition {
  row: (world: World, seat: Seat) => Row;
  by: readonly Seat[];
}

interface Change extends Sight {
  set: Row;
}

/**
 * What is allowed on a table; anybody who is not named in `by` is refused, and a verb that is absent
 * is refused to everybody but the service, which row level security does not bind.
 */
export interface TableRules {
  /** Prepared rows and who sees them. */
  select: Record<string, Sight>;
  insert?: Record<string, Addition>;
  update?: Record<string, Change>;
  /** Of a row that is made anew for each seat. */
  delete?: Record<string, Addition>;
}

export interface FunctionRules {
  /** Arguments of a call that is harmless even where it is allowed. */
  args: (world: World) => Row;
  by: readonly Seat[];
  /** The problem that those who may call it run into with these arguments; absent: it succeeds. */
  answer?: string;
  /** What the others are told; default: 42501, the function is not granted to them. */
  refusal?: Partial<Record<Seat, string>>;
}

const shoppers: readonly Seat[] = ["guest", "customer", "stranger", "seller", "otherSeller"];
const staff: readonly Seat[] = ["support", "admin"];
const signedIn: readonly Seat[] = [...shoppers, ...staff];
const back: readonly Seat[] = [...staff, "service"];
const admins: readonly Seat[] = ["admin", "service"];
const everybody: readonly Seat[] = ["anon", ...signedIn, "service"];
const system: readonly Seat[] = ["service"];
const buyer: readonly Seat[] = ["customer", ...back];
const merchant: readonly Seat[] = ["seller", ...back];
const editors: readonly Seat[] = ["seller", ...admins];

const all = () => ({});
const notGranted = "42501";

/** Rows that hang on a product: on sale for everybody, else for its seller and staff. */
const partsOfProducts = (
  column: "product_id" | "variant_id",
  key: "productId" | "variantId",
): Record<string, Sight> => ({
  "of a product on sale": { rows: ({ kettle }) => ({ [column]: kettle[key] }), by: everybody },
  "of Sol's draft": { rows: ({ draft }) => ({ [column]: draft[key] }), by: merchant },
  "of the shop's draft": { rows: ({ shopDraft }) => ({ [column]: shopDraft[key] }), by: back },
});

/** Stock in numbers: for the variant's seller and staff. */
const stockOfVariants: Record<string, Sight> = {
  "of Sol's kettle": { rows: ({ kettle }) => ({ variant_id: kettle.variantId }), by: merchant },
  "of the shop's lamp": { rows: ({ lamp }) => ({ variant_id: lamp.variantId }), by: back },
};

/** Everybody reads, admins write. */
const reference = (row: Addition["row"], id: (world: World) => string, set: Row): TableRules => ({
  select: { "a row": { rows: (world) => ({ id: id(world) }), by: everybody } },
  insert: { "a row": { row, by: admins } },
  update: { "a row": { rows: (world) => ({ id: id(world) }), set, by: admins } },
  delete: { "a row": { row, by: admins } },
});

const slugged = () => {
  const slug = unique("slug");
  return { name: slug, slug };
};

export const tables: Record<string, TableRules> = {
  currencies: { select: { GBP: { rows: () => ({ code: "GBP" }), by: everybody } } },
  countries: { select: { "the United Kingdom": { rows: () => ({ code: "GB" }), by: everybody } } },
  shop_settings: {
    select: { "the settings": { rows: all, by: everybody } },
    update: { "the settings": { rows: () => ({ id: true }), set: { country: "GB" }, by: admins } },
  },

  profiles: {
    select: {
      "Ada's": { rows: ({ adaId }) => ({ user_id: adaId }), by: buyer },
      "the guest's": { rows: ({ guestId }) => ({ user_id: guestId }), by: ["guest", ...back] },
    },
    update: {
      "Ada's": {
        rows: ({ adaId }) => ({ user_id: adaId }),
        set: { full_name: "Ada Lovelace" },
        by: ["customer", "service"],
      },
    },
  },
  addresses: {
    select: {
      "Ada's": { rows: ({ addressId }) => ({ id: addressId }), by: ["customer", "service"] },
    },
    insert: {
      "into Ada's address book": {
        row: ({ adaId }) => ({ ...anAddress, user_id: adaId }),
        by: ["customer", "service"],
      },
    },
    update: {
      "Ada's": {
        rows: ({ addressId }) => ({ id: addressId }),
        set: { label: "Home" },
        by: ["customer", "service"],
      },
    },
    delete: {
      "Ada's": {
        row: ({ adaId }) => ({ ...anAddress, user_id: adaId }),
        by: ["customer", "service"],
      },
    },
  },

  sellers: {
    select: {
      "an admitted one": { rows: ({ sellerId }) => ({ id: sellerId }), by: everybody },
      "one who waits": { rows: ({ waitingSellerId }) => ({ id: waitingSellerId }), by: back },
    },
    update: {
      "Sol's": {
        rows: ({ sellerId }) => ({ id: sellerId }),
        set: { description: "Kettles" },
        by: editors,
      },
    },
  },
  seller_members: {
    select: { "Sol's": { rows: ({ sellerId }) => ({ seller_id: sellerId }), by: merchant } },
  },

  brands: reference(slugged, ({ brandId }) => brandId, { name: "Harbour" }),
  categories: reference(slugged, ({ categoryId }) => categoryId, { description: "Kettles" }),
  products: {
    select: {
      "Sol's on sale": { rows: ({ kettle }) => ({ id: kettle.productId }), by: everybody },
      "Sol's draft": { rows: ({ draft }) => ({ id: draft.productId }), by: merchant },
      "the shop's draft": { rows: ({ shopDraft }) => ({ id: shopDraft.productId }), by: back },
    },
    insert: {
      "for Sol": {
        row: ({ sellerId }) => ({ seller_id: sellerId, sku: unique("p"), title: "Pot" }),
        by: editors,
      },
      "for the shop": { row: () => ({ sku: unique("p"), title: "Pot" }), by: admins },
    },
    update: {
      "Sol's": {
        rows: ({ kettle }) => ({ id: kettle.productId }),
        set: { description: "Whistles." },
        by: editors,
      },
      "the shop's": {
        rows: ({ lamp }) => ({ id: lamp.productId }),
        set: { description: "Shines." },
        by: admins,
      },
    },
  },
  product_slug_redirects: {
    select: {
      "of a product on sale": { rows: ({ oldSlug }) => ({ old_slug: oldSlug }), by: everybody },
    },
  },
  product_options: {
    select: {
      "of a product on sale": { rows: ({ option }) => ({ id: option.optionId }), by: everybody },
      "of Sol's draft": { rows: ({ draftOption }) => ({ id: draftOption.optionId }), by: merchant },
    },
    insert: {
      "to Sol's product": {
        row: ({ kettle }) => ({ product_id: kettle.productId, name: unique("Colour") }),
        by: editors,
      },
    },
    update: {
      "of Sol's product": {
        rows: ({ option }) => ({ id: option.optionId }),
        set: { position: 2 },
        by: editors,
      },
    },
    delete: {
      "of Sol's product": {
        row: ({ kettle }) => ({ product_id: kettle.productId, name: unique("Colour") }),
        by: editors,
      },
    },
  },
  product_variants: {
    select: partsOfProducts("product_id", "productId"),
    insert: {
      "to Sol's draft": {
        row: ({ draft }) => ({
          product_id: draft.productId,
          sku: unique("v"),
          options: { Size: unique("size") },
        }),
        by: editors,
      },
    },
    update: {
      "of Sol's product": {
        rows: ({ kettle }) => ({ id: kettle.variantId }),
        set: { barcode: "4006381333931" },
        by: editors,
      },
    },
  },
  product_media: {
    select: {
      "of a product on sale": { rows: ({ option }) => ({ id: option.mediaId }), by: everybody },
      "of Sol's draft": { rows: ({ draftOption }) => ({ id: draftOption.mediaId }), by: merchant },
    },
    insert: {
      "to Sol's product": {
        row: ({ kettle }) => ({ product_id: kettle.productId, path: "/kettle.svg" }),
        by: editors,
      },
    },
    update: {
      "of Sol's product": {
        rows: ({ option }) => ({ id: option.mediaId }),
        set: { alt: "A kettle" },
        by: editors,
      },
    },
    delete: {
      "of Sol's product": {
        row: ({ kettle }) => ({ product_id: kettle.productId, path: "/kettle.svg" }),
        by: editors,
      },
    },
  },
  product_listing: {
    select: {
      "of a product on sale": {
        rows: ({ kettle }) => ({ product_id: kettle.productId }),
        by: everybody,
      },
    },
  },

  warehouses: {
    select: {
      "the main one": { rows: () => ({ code: "MAIN" }), by: ["otherSeller", ...merchant] },
    },
    insert: {
      "a closed one": {
        row: () => ({
          code: unique("W").toUpperCase(),
          name: "Shed",
          country: "GB",
          is_active: false,
        }),
        by: admins,
      },
    },
    update: {
      "the main one": { rows: () => ({ code: "MAIN" }), set: { line1: "Dock 1" }, by: admins },
    },
  },
  stock_levels: { select: stockOfVariants },
  stock_movements: { select: stockOfVariants },
  reservations: { select: stockOfVariants },
  low_stock: { select: stockOfVariants },
  variant_stock: { select: partsOfProducts("variant_id", "variantId") },
  variant_prices: { select: partsOfProducts("variant_id", "variantId") },
  tax_rates: reference(aTaxRate, ({ rateId }) => rateId, { rate_bp: 200 }),
  shipping_zones: reference(
    ({ freeCountry }, seat) => ({ name: unique("zone"), countries: freeCountry(seat) }),
    ({ zoneId }) => zoneId,
    { name: unique("zone-renamed") },
  ),
  shipping_methods: reference(
    ({ zoneId }) => aShippingMethod(zoneId),
    ({ methodId }) => methodId,
    { price: 200 },
  ),

  carts: {
    select: { "Ada's": { rows: ({ cartId }) => ({ id: cartId }), by: ["customer", "service"] } },
  },
  cart_items: {
    select: {
      "Ada's": { rows: ({ cartId }) => ({ cart_id: cartId }), by: ["customer", "service"] },
    },
  },
  orders: {
    select: {
      "Ada's with Sol's kettle": {
        rows: ({ mixedOrderId }) => ({ id: mixedOrderId }),
        by: ["seller", ...buyer],
      },
      "Ada's of the shop's goods": { rows: ({ shopOrderId }) => ({ id: shopOrderId }), by: buyer },
      "the guest's": { rows: ({ guestOrderId }) => ({ id: guestOrderId }), by: ["guest", ...back] },
    },
  },
  order_items: {
    select: {
      "Sol's kettle in Ada's order": {
        rows: ({ mixedOrderId, kettle }) => ({ order_id: mixedOrderId, sku: kettle.sku }),
        by: ["seller", ...buyer],
      },
      "the shop's lamp in the same order": {
        rows: ({ mixedOrderId, lamp }) => ({ order_id: mixedOrderId, sku: lamp.sku }),
        by: buyer,
      },
    },
  },
  order_events: {
    select: {
      "what the buyer is told": {
        rows: ({ mixedOrderId }) => ({ order_id: mixedOrderId, kind: "created" }),
        by: ["seller", ...buyer],
      },
      "what staff note for themselves": {
        rows: ({ mixedOrderId }) => ({ order_id: mixedOrderId, kind: "note" }),
        by: back,
      },
    },
  },
  payments: {
    select: { "Ada's": { rows: ({ mixedOrderId }) => ({ order_id: mixedOrderId }), by: buyer } },
  },
  refunds: {
    select: { "Ada's": { rows: ({ mixedOrderId }) => ({ order_id: mixedOrderId }), by: buyer } },
  },
};

const unknown = randomUUID();
const forbidden = (): Partial<Record<Seat, string>> =>
  Object.fromEntries(signedIn.map((seat) => [seat, "forbidden"]));
const notTheirs = (...seats: readonly Seat[]): Partial<Record<Seat, string>> =>
  Object.fromEntries(seats.map((seat) => [seat, "order_not_found"]));

export const functions: Record<string, FunctionRules> = {
  my_roles: { args: all, by: [...signedIn, "service"] },
  list_users: { args: () => ({ page_size: 1 }), by: back, refusal: forbidden() },
  check_account_change: {
    args: () => ({ user_id: unknown }),
    by: admins,
    answer: "user_not_found",
    refusal: forbidden(),
  },
  grant_role: {
    args: () => ({ user_id: unknown, role: "support" }),
    by: admins,
    answer: "user_not_found",
    refusal: forbidden(),
  },
  revoke_role: {
    args: () => ({ user_id: unknown, role: "support" }),
    by: admins,
    answer: "user_not_found",
    refusal: forbidden(),
  },
  register_seller: {
    args: () => ({ name: "" }),
    by: signedIn.filter((seat) => seat !== "guest"),
    answer: "invalid_input",
    refusal: { guest: "forbidden", service: "not_signed_in" },
  },
  set_seller_status: {
    args: () => ({ seller_id: unknown, status: "active" }),
    by: admins,
    answer: "seller_not_found",
    refusal: forbidden(),
  },

  import_products: {
    args: () => ({ rows: [] }),
    by: ["seller", "otherSeller", ...admins],
    refusal: forbidden(),
  },
  set_stock: {
    args: () => ({ rows: [] }),
    by: ["otherSeller", ...merchant],
    refusal: forbidden(),
  },
  adjust_stock: {
    args: ({ kettle }) => ({ variant_id: kettle.variantId, quantity: 0, reason: "adjusted" }),
    by: merchant,
    answer: "invalid_input",
    refusal: { ...forbidden(), otherSeller: "variant_not_found" },
  },
  set_price: {
    args: ({ kettle }) => ({ variant_id: kettle.variantId, amount: -1 }),
    by: editors,
    answer: "invalid_input",
    refusal: { ...forbidden(), otherSeller: "variant_not_found" },
  },

  get_cart: { args: all, by: signedIn },
  add_to_cart: {
    args: () => ({ variant_id: unknown, quantity: 1 }),
    by: signedIn,
    answer: "variant_not_found",
  },
  set_cart_item: { args: () => ({ variant_id: unknown, quantity: 0 }), by: signedIn },
  clear_cart: { args: all, by: signedIn },

  quote_checkout: {
    args: ({ lamp }) => ({ input: { items: [{ variant_id: lamp.variantId, quantity: 1 }] } }),
    by: ["anon", ...signedIn],
  },
  place_order: { args: () => ({ input: {} }), by: signedIn, answer: "invalid_input" },
  cancel_order: {
    args: ({ mixedOrderId }) => ({ order_id: mixedOrderId, reason: "Too late" }),
    by: buyer,
    answer: "invalid_transition",
    refusal: notTheirs("guest", "stranger", "seller", "otherSeller"),
  },
  set_order_status: {
    args: ({ mixedOrderId }) => ({ order_id: mixedOrderId, status: "processing" }),
    by: back,
    answer: "invalid_transition",
    refusal: forbidden(),
  },
  track_order: {
    args: ({ mixedOrderId }) => ({ order_id: mixedOrderId }),
    by: buyer,
    refusal: notTheirs("guest", "stranger", "seller", "otherSeller"),
  },
  reorder: {
    args: ({ mixedOrderId }) => ({ order_id: mixedOrderId }),
    by: ["customer"],
    refusal: notTheirs("guest", "stranger", "seller", "otherSeller", ...staff),
  },
  expire_orders: { args: () => ({ max: 1 }), by: system },

  start_payment_attempt: {
    args: () => ({ order_id: unknown }),
    by: system,
    answer: "order_not_found",
  },
  record_payment_started: {
    args: () => ({ payment_id: unknown }),
    by: system,
    answer: "payment_not_found",
  },
  record_payment_check: {
    args: () => ({ payment_id: unknown, asked_at: "2026-01-01T00:00:00Z" }),
    by: system,
    answer: "payment_not_found",
  },
  apply_payment_event: {
    args: () => ({ provider: "nobody", event_id: "evt", type: "", event: {} }),
    by: system,
    answer: "invalid_input",
  },
  request_refund: {
    args: () => ({ order_id: unknown }),
    by: back,
    answer: "order_not_found",
    refusal: forbidden(),
  },
  record_refund: {
    args: () => ({ refund_id: unknown, provider_refund_id: "re_none", state: "succeeded" }),
    by: system,
    answer: "refund_not_found",
  },
  refund_details: { args: () => ({ refund_id: unknown }), by: system, answer: "refund_not_found" },
  payment_details: {
    args: () => ({ payment_id: unknown }),
    by: system,
    answer: "payment_not_found",
  },

  claim_jobs: { args: () => ({ max: 1, visibility_seconds: 1 }), by: system },
  complete_job: { args: () => ({ msg_id: -1 }), by: system },
  fail_job: {
    args: () => ({ msg_id: -1, error: "none" }),
    by: system,
    answer: "job_not_found",
  },
  job_status: { args: all, by: back, refusal: forbidden() },
  retry_dead_job: { args: () => ({ id: -1 }), by: admins, refusal: forbidden() },
  check_invariants: { args: all, by: system },
};

/** What a seat is told that may not call the function. */
export const refusalOf = ({ refusal = {} }: FunctionRules, seat: Seat): string =>
  refusal[seat] ?? notGranted;

/** Functions of `private` that policies and wrappers run with the caller's own rights. */
export const privateHelpers = {
  everybody: [
    "active_seller_ids",
    "current_seller_ids",
    "has_role",
    "is_service",
    "is_staff",
    "may_hear",
    "raise_invalid_input",
    "raise_problem",
    "require_role",
    "require_user",
  ],
  signedIn: ["check_address", "editable_product", "own_variant", "slugify", "write_cart_item"],
} as const;

export const signedInSeats = signedIn;
