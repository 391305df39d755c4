import "../shared/base.css";
import "./style.css";
import { createClient } from "@supabase/supabase-js";
import { isLocal, loadConfig } from "../shared/config.ts";
import { fill, h, setText } from "../shared/dom.ts";
import { createCart } from "./data/cart.ts";
import { createCatalog } from "./data/catalog.ts";
import { createGuest } from "./data/guest.ts";
import { createOrders } from "./data/orders.ts";
import { readCountries, readSettings } from "./data/settings.ts";
import { fillHeader } from "./parts/header.ts";
import { failedState } from "./parts/states.ts";
import { dismissToast } from "./parts/toast.ts";
import { type Page, startRouter } from "./router.ts";
import { links, type Shop } from "./shop.ts";
import { browse } from "./views/browse.ts";
import { cart } from "./views/cart.ts";
import { checkout } from "./views/checkout.ts";
import { notFound } from "./views/not-found.ts";
import { order } from "./views/order.ts";
import { orders } from "./views/orders.ts";
import { product } from "./views/product.ts";

const part = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}.`);
  return element;
};

const main = part("main");

const open = async (): Promise<Shop> => {
  const config = await loadConfig();
  const client = createClient(config.url, config.publishableKey, {
    // The dashboard may stand on the same origin; its session is another person's.
    auth: { storageKey: "supamarket.storefront", detectSessionInUrl: false },
  });
  const settings = await readSettings(client);
  const guest = createGuest(client);
  const catalog = createCatalog(client, settings.currency);
  const [categories, brands] = await Promise.all([catalog.categories(), catalog.brands()]);
  return {
    client,
    config,
    settings,
    categories,
    brands,
    catalog,
    guest,
    cart: createCart(client, guest, settings.currency),
    orders: createOrders(client),
    navigate: () => undefined,
    announce: (text) => setText(part("announcer"), text),
  };
};

const start = async (): Promise<void> => {
  const shop = await open();
  const header = fillHeader(part("header"), shop);
  fillFooter(shop);

  const show = (page: Page, isFirst: boolean) => {
    document.title = `${page.title} · ${shop.settings.name}`;
    if (!isFirst) dismissToast();
    fill(main, page.body);
    header.locate(new URL(location.href));
    if (isFirst) return;
    shop.announce(page.title);
    main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  };
  const followed = (view: (url: URL) => Promise<Page>) => async (_: unknown, url: URL) => {
    const page = await view(url);
    const { update } = page;
    if (!update) return page;
    return {
      ...page,
      update: (next: URL) => {
        update(next);
        header.locate(next);
      },
    };
  };

  shop.navigate = startRouter({
    base: links.home,
    routes: [
      { pattern: /^$/, view: followed((url) => browse(shop, url)) },
      { pattern: /^p\/([^/]+)$/, view: ([slug = ""], url) => product(shop, slug, url) },
      { pattern: /^cart$/, view: () => cart(shop) },
      { pattern: /^checkout$/, view: () => checkout(shop) },
      { pattern: /^orders$/, view: () => orders(shop) },
      { pattern: /^orders\/([0-9a-f-]{36})$/, view: ([id = ""], url) => order(shop, id, url) },
    ],
    notFound,
    failed: (error, retry) => ({ title: "Error", body: failedState(error, retry) }),
    show,
    setBusy: (isBusy) => document.documentElement.toggleAttribute("data-busy", isBusy),
  });
  // For the count beside the cart, and so that the checkout need not wait for the countries.
  shop.cart.get().catch(() => undefined);
  setTimeout(() => readCountries(shop.client).catch(() => undefined), 1500);
};

const fillFooter = ({ settings, config }: Shop): void => {
  fill(
    part("footer"),
    h("span", {}, settings.name),
    settings.support_email &&
      h("a", { href: `mailto:${settings.support_email}` }, settings.support_email),
    h("a", { href: links.orders }, "Your orders"),
    isLocal(config) && h("span", { class: "muted" }, "Demo: pay with card 4242 4242 4242 4242"),
  );
};

const tryToStart = (): void => {
  start().catch((error: unknown) => fill(main, failedState(error, tryToStart)));
};

tryToStart();
