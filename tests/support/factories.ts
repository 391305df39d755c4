import { randomUUID } from "node:crypto";
import { Placed } from "../../types/index.ts";
import { type Actor, service, unique } from "./actors.ts";
import { ok } from "./answers.ts";

export interface VariantOptions {
  /** Pieces on hand in the default warehouse. */
  onHand?: number;
  /** Minor units. */
  price?: number;
  salePrice?: number;
  category?: string;
  brand?: string;
  /** Imported as this actor (a seller's own product); default: the shop's own. */
  as?: Actor;
}

export interface Variant {
  sku: string;
  title: string;
  variantId: string;
  productId: string;
  price: number;
}

/** An active product with one variant, made through the import that shops use. */
export const aVariant = async (options: VariantOptions = {}): Promise<Variant> => {
  const { onHand = 10, price = 1_250, as = service() } = options;
  const sku = unique("sku").toUpperCase();
  const title = `Kettle ${sku}`;
  const { data, error } = await as.client.rpc("import_products", {
    rows: [
      {
        sku,
        title,
        price,
        stock: onHand,
        ...(options.salePrice && { sale_price: options.salePrice }),
        ...(options.category && { category: options.category }),
        ...(options.brand && { brand: options.brand }),
      },
    ],
  });
  if (error) throw new Error(`import_products failed: ${error.message}`);
  const found = await service()
    .client.from("product_variants")
    .select("id, product_id")
    .eq("sku", sku)
    .maybeSingle();
  if (!found.data) throw new Error(`import_products made no ${sku}: ${JSON.stringify(data)}`);
  return { sku, title, price, variantId: found.data.id, productId: found.data.product_id };
};

export const anAddress = {
  full_name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
} as const;

export interface OrderOptions {
  lines: readonly { variant: Variant; quantity?: number }[];
  provider?: "stripe" | "cod";
  idempotencyKey?: string;
}

/** What a shopper sends to `place_order` for these lines. */
export const anOrderInput = ({ lines, provider = "cod", idempotencyKey }: OrderOptions) => ({
  idempotency_key: idempotencyKey ?? randomUUID(),
  items: lines.map(({ variant, quantity = 1 }) => ({
    variant_id: variant.variantId,
    quantity,
  })),
  email: "ada@example.test",
  shipping_address: anAddress,
  payment: { provider },
});

export type OrderInput = ReturnType<typeof anOrderInput>;

/** Places the order as this shopper; throws when it is refused. */
export const placeOrder = async (actor: Actor, input: OrderInput): Promise<Placed> =>
  Placed.parse(await ok(actor.client.rpc("place_order", { input })));
