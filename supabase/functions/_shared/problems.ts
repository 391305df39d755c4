/** What a failure code means to HTTP: its status and a title that never changes. */
interface ProblemKind {
  status: number;
  title: string;
  /** Seconds after which the same request may succeed; sent as `Retry-After`. */
  retryAfter?: number;
}

/**
 * Every failure code of the product, those raised in SQL included. Clients compare codes; titles are
 * for people. A code that SQL raises and this table lacks would reach clients as `internal`.
 */
export const problems = {
  // The request itself.
  invalid_json: { status: 400, title: "The body is not JSON" },
  invalid_encoding: { status: 400, title: "The body is not UTF-8" },
  invalid_signature: { status: 400, title: "The signature does not match the body" },
  not_found: { status: 404, title: "There is nothing at this address" },
  method_not_allowed: { status: 405, title: "This address takes another method" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  invalid_input: { status: 422, title: "A field of the request is wrong" },
  idempotency_key_reused: {
    status: 422,
    title: "This idempotency key was used for another request",
  },

  // Who asks.
  not_signed_in: { status: 401, title: "Sign in first" },
  forbidden: { status: 403, title: "Your role does not allow this" },
  second_factor_required: { status: 403, title: "Confirm with your second factor first" },

  user_not_found: { status: 404, title: "There is no such user" },
  seller_not_found: { status: 404, title: "There is no such seller" },
  seller_exists: { status: 409, title: "You sell here already" },

  seller_not_active: { status: 409, title: "This seller may not sell yet" },
  last_admin: { status: 409, title: "Somebody must stay administrator" },
  own_account: { status: 409, title: "This cannot be done to your own account" },
  user_exists: { status: 409, title: "This address has an account already" },

  // Catalog, stock, carts.
  category_cycle: { status: 409, title: "A category cannot stand below itself" },
  product_without_variant: { status: 409, title: "A product on sale needs a variant" },
  no_warehouse: { status: 409, title: "There is no warehouse for this" },
  stock_out_of_range: { status: 409, title: "The stock would leave what is possible" },
  sale_overlaps: { status: 409, title: "Another sale price runs at that time" },
  country_in_two_zones: { status: 409, title: "A country belongs to one shipping zone" },
  variant_not_found: { status: 404, title: "There is no such variant" },
  product_unavailable: { status: 409, title: "A product is not sold at the moment" },
  out_of_stock: { status: 409, title: "Not enough in stock" },
  cart_empty: { status: 409, title: "There is nothing to buy" },

  // Orders.
  address_not_found: { status: 404, title: "There is no such address" },
  order_not_found: { status: 404, title: "There is no such order" },
  shipping_unavailable: { status: 409, title: "Nothing is shipped there" },
  invalid_transition: { status: 409, title: "The state does not allow this" },
  order_not_paid: { status: 409, title: "The order is not paid" },
  order_is_frozen: { status: 409, title: "What was ordered cannot be changed any more" },
  stale_version: { status: 409, title: "Somebody changed this meanwhile" },

  // Payments.
  payment_not_found: { status: 404, title: "There is no such payment" },
  refund_not_found: { status: 404, title: "There is no such refund" },
  order_not_payable: { status: 409, title: "The order cannot be paid any more" },
  nothing_to_refund: { status: 409, title: "Nothing is left to refund" },
  order_expired: { status: 410, title: "The order was not paid in time" },
  too_many_attempts: { status: 429, title: "Tried too often" },
  payment_provider_error: {
    status: 502,
    title: "The payment provider refused our request",
  },
  payment_provider_unavailable: {
    status: 503,
    title: "The payment provider does not answer; try again",
    retryAfter: 5,
  },

  // Work in the background.
  job_not_found: { status: 404, title: "There is no such job" },

  // Ourselves.
  internal: { status: 500, title: "Something went wrong on our side" },
  busy: { status: 503, title: "Too much is going on; try again", retryAfter: 1 },
  database_unavailable: {
    status: 503,
    title: "The database does not answer; try again",
    retryAfter: 2,
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);

export const problemKind = (code: ProblemCode): ProblemKind => problems[code];

/** JSON that programs read: which field, which lines, which order. */
export type ProblemDetails = Record<string, unknown>;

/** A failure with a stable code. Thrown anywhere; turned into a response by `endpoint` alone. */
export class Problem extends Error {
  override name = "Problem";
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
  /** One sentence on what to do, for people. */
  readonly hint: string | undefined;

  constructor(
    code: ProblemCode,
    details: ProblemDetails = {},
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = details;
    this.hint = options.hint;
  }
}

/** The same problem with more details, such as the order that it is about. */
export const withDetails = (error: unknown, details: ProblemDetails): Problem =>
  error instanceof Problem
    ? new Problem(
        error.code,
        { ...error.details, ...details },
        {
          hint: error.hint,
          cause: error.cause ?? error,
        },
      )
    : new Problem("internal", details, { cause: error });
