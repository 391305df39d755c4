import { batched } from "../../shared/batch.ts";
import { fill, h, setText } from "../../shared/dom.ts";
import { Failure } from "../../shared/failure.ts";
import { icon } from "../../shared/icons.ts";
import { listen } from "../../shared/live.ts";
import { money } from "../../shared/money.ts";
import { picture } from "../../shared/picture.ts";
import type { ProductPage, Variant } from "../data/catalog.ts";
import { priceTag } from "../parts/price.ts";
import { quantity } from "../parts/quantity.ts";
import { rating } from "../parts/rating.ts";
import { sentenceOf, whileBusy } from "../parts/states.ts";
import { tile } from "../parts/tile.ts";
import { toast } from "../parts/toast.ts";
import { variantPicker } from "../parts/variant-picker.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";
import { notFound } from "./not-found.ts";

/** Fewer pieces than this are counted out to the shopper. */
const fewLeft = 10;

/** One product: variants, pictures, and stock and price as they are this moment. */
export const product = async (shop: Shop, slug: string, url: URL): Promise<Page> => {
  const found = await shop.catalog.page(slug);
  if (!found) return await elsewhere(shop, slug);
  let current = found;
  let chosen = pick(current, url.searchParams.get("sku"));

  const price = h("div", { class: "product-price" });
  const stock = h("p", { class: "stock", role: "status" });
  const amount = quantity({ value: 1, label: "Quantity" });
  const problem = h("p", { class: "notice", "data-tone": "bad", role: "alert", hidden: true });
  const add = h(
    "button",
    { class: "button add", type: "button" },
    icon("bag"),
    h("span", {}, "Add to cart"),
  );
  const addLabel = add.querySelector("span");

  const show = () => {
    const available = availableOf(current, chosen.id);
    fill(price, priceTag({ ...chosen, currency: current.currency }), saving(current, chosen));
    stock.dataset.tone = available === 0 ? "bad" : available < fewLeft ? "warn" : "good";
    setText(stock, stockWords(available));
    add.disabled = available === 0;
    if (addLabel) setText(addLabel, available === 0 ? "Sold out" : "Add to cart");
    picker.show(current.variants, chosen);
  };
  const choose = (variant: Variant) => {
    chosen = variant;
    problem.hidden = true;
    history.replaceState(history.state, "", `?sku=${encodeURIComponent(variant.sku)}`);
    show();
  };
  const picker = variantPicker(current.variants, choose);

  const addToCart = async () => {
    problem.hidden = true;
    try {
      const pieces = amount.value();
      const cart = await shop.cart.add(chosen.id, pieces);
      const line = cart.items.find(({ variant_id }) => variant_id === chosen.id);
      const isShort = line !== undefined && line.quantity > line.available;
      toast(
        isShort
          ? `Only ${line.available} left, and your cart has ${line.quantity}`
          : `${pieces === 1 ? "" : `${pieces} × `}${current.title} is in your cart`,
        { href: links.cart, label: "View cart" },
      );
    } catch (error) {
      problem.hidden = false;
      setText(problem, sentenceOf(error));
      if (error instanceof Failure && error.code === "product_unavailable") reload();
    }
  };
  add.addEventListener("click", () => void whileBusy(add, addToCart));

  const read = async () => {
    const next = await shop.catalog.page(slug).catch(() => undefined);
    // Unreachable for a moment: what is shown stays, and the next join reads again.
    if (next === undefined) return;
    if (next === null) {
      fill(stock, "No longer sold");
      add.disabled = true;
      return;
    }
    current = next;
    chosen = next.variants.find(({ id }) => id === chosen.id) ?? pick(next, null);
    show();
  };
  const reload = batched(read, 150);
  const leave = listen(shop.client, {
    topic: `product:${current.product_id}`,
    events: { "stock.changed": reload, "price.changed": reload },
    onJoin: reload,
  });

  show();
  const body = h(
    "article",
    { class: "product" },
    breadcrumb(current),
    h(
      "div",
      { class: "product-columns" },
      gallery(shop, current),
      h(
        "div",
        { class: "product-panel" },
        current.brand && h("p", { class: "eyebrow" }, current.brand),
        h("h1", { tabindex: -1 }, current.title),
        rating(current.rating_average, current.rating_count),
        price,
        picker.element,
        stock,
        h("div", { class: "buy" }, amount.element, add),
        problem,
        current.seller_name && h("p", { class: "small muted" }, `Sold by ${current.seller_name}`),
        details(current),
      ),
    ),
  );
  void appendRelated(shop, current, body);
  return { title: current.title, body, leave };
};

const pick = (page: ProductPage, sku: string | null): Variant => {
  const variant =
    page.variants.find((one) => one.sku === sku) ??
    page.variants.find((one) => one.id === page.default_variant_id && one.in_stock) ??
    page.variants.find((one) => one.in_stock) ??
    page.variants[0];
  if (!variant) throw new Failure("product_unavailable", "This product is not sold at the moment.");
  return variant;
};

const availableOf = (page: ProductPage, variantId: string): number =>
  page.products.variant_stock.find(({ variant_id }) => variant_id === variantId)?.available ?? 0;

const stockWords = (available: number): string => {
  if (available === 0) return "Sold out";
  return available < fewLeft ? `Only ${available} left` : "In stock";
};

const saving = (page: ProductPage, { price, base_price }: Variant): HTMLElement | null => {
  const compared = Math.max(base_price, page.list_price ?? 0);
  if (compared <= price) return null;
  const share = Math.round((1 - price / compared) * 100);
  if (share < 1) return null;
  return h(
    "span",
    { class: "flag", "data-kind": "sale" },
    `Save ${money(compared - price, page.currency)} (${share}%)`,
  );
};

const elsewhere = async (shop: Shop, slug: string): Promise<Page> => {
  const moved = await shop.catalog.movedTo(slug);
  if (moved) shop.navigate(links.product(moved), { replace: true });
  return notFound();
};

const breadcrumb = ({ category, category_slug }: ProductPage): HTMLElement =>
  h(
    "nav",
    { class: "breadcrumb small", "aria-label": "Breadcrumb" },
    h("a", { href: links.home }, "Everything"),
    category && category_slug && h("a", { href: links.category(category_slug) }, category),
  );

const gallery = (shop: Shop, page: ProductPage): HTMLElement => {
  const images = page.images.length > 0 ? page.images : [{ path: page.image, alt: page.title }];
  const large = (index: number) => {
    const image = images[index] ?? images[0];
    return picture({
      path: image?.path ?? null,
      title: page.title,
      alt: image?.alt || page.title,
      projectUrl: shop.config.url,
      eager: true,
    });
  };
  const stage = h("div", { class: "gallery-stage" }, large(0));
  if (images.length < 2) return h("div", { class: "gallery" }, stage);
  const buttons = images.map((image, index) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": image.alt || `Picture ${index + 1}`,
        "aria-pressed": index === 0 ? "true" : "false",
        onclick: () => {
          fill(stage, large(index));
          for (const [other, button] of buttons.entries()) {
            button.setAttribute("aria-pressed", other === index ? "true" : "false");
          }
        },
      },
      picture({ path: image.path, title: page.title, projectUrl: shop.config.url }),
    ),
  );
  return h("div", { class: "gallery" }, stage, h("div", { class: "gallery-strip" }, buttons));
};

const details = ({ products }: ProductPage): HTMLElement => {
  const { description, features, specifications } = products;
  const entries = Object.entries(specifications);
  return h(
    "div",
    { class: "details" },
    description && h("p", { class: "description" }, description),
    features.length > 0 &&
      h(
        "ul",
        { class: "features" },
        features.map((feature) => h("li", {}, feature)),
      ),
    entries.length > 0 &&
      h(
        "dl",
        { class: "specifications small" },
        entries.map(([name, value]) =>
          h("div", {}, h("dt", {}, name), h("dd", {}, specification(value))),
        ),
      ),
  );
};

const specification = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

const appendRelated = async (shop: Shop, page: ProductPage, body: HTMLElement): Promise<void> => {
  if (!page.category || !page.category_slug) return;
  const query = {
    text: "",
    category: page.category_slug,
    brands: [],
    min: "",
    max: "",
    inStock: true,
    onSale: false,
    sort: "rating",
  } as const;
  const list = await shop.catalog.list(query).catch(() => undefined);
  const others =
    list?.tiles.filter(({ product_id }) => product_id !== page.product_id).slice(0, 4) ?? [];
  if (others.length === 0) return;
  body.append(
    h(
      "section",
      { class: "related" },
      h("h2", {}, `More in ${page.category}`),
      h(
        "ul",
        { class: "grid" },
        others.map((other) => tile(shop, other)),
      ),
    ),
  );
};
