import { randomUUID } from "node:crypto";
import {
  type Actor,
  admin,
  anon,
  customer,
  guest,
  seller,
  service,
  support,
  unique,
} from "./actors.ts";
import { ok } from "./answers.ts";
import { anAddress, anOrderInput, aVariant, placeOrder } from "./factories.ts";

/**
 * Who looks at the prepared rows. `customer` and `seller` are those whose rows they are, `stranger`
 * and `otherSeller` are their like without a part in them.
 */
export const seats = [
  "anon",
  "guest",
  "customer",
  "stranger",
  "seller",
  "otherSeller",
  "support",
  "admin",
  "service",
] as const;
export type Seat = (typeof seats)[number];

/**
 * One of everything, prepared through the commands of the shop: Ada has a profile, an address, a cart
 * and two orders, one of them with a kettle of Sol's, delivered and partly refunded; a guest has an
 * order; Sol has a product on sale and a draft; Pia waits to be admitted as a seller.
 */
export const aWorld = async () => {
  const root = service();
  const [gil, ada, bo, sol, sam, kit, mod, pia] = await Promise.all([
    guest(),
    customer("ada"),
    customer("bo"),
    seller("sol"),
    seller("sam"),
    support(),
    admin(),
    customer("pia"),
  ]);
  const actors: Record<Seat, Actor> = {
    anon: anon(),
    guest: gil,
    customer: ada,
    stranger: bo,
    seller: sol,
    otherSeller: sam,
    support: kit,
    admin: mod,
    service: root,
  };

  const waiting = await ok(pia.client.rpc("register_seller", { name: unique("pia") }));
  const brand = await ok(root.client.from("brands").insert(named("brand")).select("id").single());
  const category = await ok(
    root.client.from("categories").insert(named("category")).select("id").single(),
  );
  const kettle = await aVariant({ as: sol, onHand: 4 });
  const lamp = await aVariant({ onHand: 4 });
  const oldSlug = unique("renamed");
  for (const slug of [oldSlug, unique("kettle")]) {
    await ok(root.client.from("products").update({ slug }).eq("id", kettle.productId).select());
  }
  const draft = await aDraft(sol, sol.sellerId);
  const shopDraft = await aDraft(mod, null);
  const option = await partOf(root, kettle.productId);
  const draftOption = await partOf(root, draft.productId);

  const address = await ok(ada.client.from("addresses").insert(anAddress).select("id").single());
  const cart = await ok(ada.client.rpc("add_to_cart", { variant_id: kettle.variantId }));
  const mixedOrder = await placeOrder(
    ada,
    anOrderInput({ lines: [{ variant: kettle }, { variant: lamp }] }),
  );
  const shopOrder = await placeOrder(ada, anOrderInput({ lines: [{ variant: lamp }] }));
  const guestOrder = await placeOrder(gil, anOrderInput({ lines: [{ variant: lamp }] }));
  for (const status of ["shipped", "delivered"] as const) {
    await ok(root.client.rpc("set_order_status", { order_id: mixedOrder.order.id, status }));
  }
  await ok(
    kit.client.rpc("set_order_status", {
      order_id: mixedOrder.order.id,
      status: "delivered",
      note: "Rang twice",
    }),
  );
  await ok(kit.client.rpc("request_refund", { order_id: mixedOrder.order.id, amount: 1 }));

  return {
    actors,
    adaId: ada.id,
    guestId: gil.id,
    addressId: address.id,
    cartId: String(Object(cart).id),
    brandId: brand.id,
    categoryId: category.id,
    sellerId: sol.sellerId,
    waitingSellerId: waiting.id,
    kettle,
    lamp,
    draft,
    shopDraft,
    oldSlug,
    option,
    draftOption,
    mixedOrderId: mixedOrder.order.id,
    shopOrderId: shopOrder.order.id,
    guestOrderId: guestOrder.order.id,
    ...(await aRegion(root)),
  };
};

export type World = Awaited<ReturnType<typeof aWorld>>;

const named = (kind: string) => {
  const slug = unique(kind);
  return { name: slug, slug };
};

/** A product that is not on sale yet, with a variant and a price. */
const aDraft = async (owner: Actor, sellerId: string | null) => {
  const [productId, variantId] = [randomUUID(), randomUUID()];
  const sku = unique("draft");
  const product = { id: productId, seller_id: sellerId, sku, title: sku };
  await ok(owner.client.from("products").insert(product).select());
  const variant = { id: variantId, product_id: productId, sku };
  await ok(owner.client.from("product_variants").insert(variant).select());
  await ok(owner.client.rpc("set_price", { variant_id: variantId, amount: 900 }));
  return { productId, variantId };
};

/** An option and a picture of the product. */
const partOf = async ({ client }: Actor, product_id: string) => {
  const option = { product_id, name: unique("Size") };
  const media = { product_id, path: `/${unique("picture")}.svg` };
  return {
    optionId: (await ok(client.from("product_options").insert(option).select("id").single())).id,
    mediaId: (await ok(client.from("product_media").insert(media).select("id").single())).id,
  };
};

/** Places without inhabitants, so that no shopper's tax or shipping hangs on these rows. */
const uninhabited = ["BV", "HM", "TF", "GS", "IO", "UM", "PN", "TK"];

/** A shipping zone with its method, and a tax rate, in a place where nobody shops. */
const aRegion = async ({ client }: Actor) => {
  const { data: zones } = await client.from("shipping_zones").select("countries");
  const taken = (zones ?? []).flatMap(({ countries }) => countries);
  const free = uninhabited.filter((code) => !taken.includes(code));
  const zone = await ok(
    client
      .from("shipping_zones")
      .insert({ name: unique("zone"), countries: free.slice(0, 1) })
      .select("id")
      .single(),
  );
  const method = await ok(
    client.from("shipping_methods").insert(aShippingMethod(zone.id)).select("id").single(),
  );
  const rate = await ok(client.from("tax_rates").insert(aTaxRate()).select("id").single());
  return {
    zoneId: zone.id,
    methodId: method.id,
    rateId: rate.id,
    /** For another zone; those who may not make one take none away from those who may. */
    freeCountry: (seat: Seat) =>
      ["admin", "service", "anon"].includes(seat) ? free.splice(1, 1) : [],
  };
};

/** Gives the countries of the zones back. */
export const tidyWorld = async ({ actors }: World) => {
  await actors.service.client.from("shipping_zones").delete().like("name", "zone-%");
};

export const aShippingMethod = (zone_id: string) => ({
  zone_id,
  code: unique("sledge"),
  name: "Sledge",
  currency: "GBP",
  price: 100,
  min_days: 1,
  max_days: 2,
});

export const aTaxRate = () => ({ country: "AQ", region: unique("ice"), rate_bp: 100, name: "Ice" });
