import { fill, h, setText } from "../../shared/dom.ts";
import { picture } from "../../shared/picture.ts";
import type { Tile, TilePage } from "../data/catalog.ts";
import { pageSize } from "../data/catalog.ts";
import {
  formatQuery,
  isNarrowed,
  isSort,
  type ListingQuery,
  parseQuery,
  sorts,
} from "../data/listing-query.ts";
import { filters } from "../parts/filters.ts";
import { priceTag } from "../parts/price.ts";
import { emptyState, failedState, sentenceOf, whileBusy } from "../parts/states.ts";
import { tile, tileSkeletons } from "../parts/tile.ts";
import { toast } from "../parts/toast.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";

/** Lists as they were left, so that going back shows the same place at once. Kept for a minute. */
const kept = new Map<string, TilePage & { at: number }>();
const keepFor = 60_000;

/** The list of products: everything, a category, or what a search found. */
export const browse = async (shop: Shop, url: URL): Promise<Page> => {
  let query = parseQuery(url.searchParams);
  let turn = 0;
  const heading = h("h1", { tabindex: -1 });
  const summary = h("p", { class: "muted", role: "status" });
  const grid = h("ul", { class: "grid" });
  const more = h(
    "button",
    { class: "button", "data-kind": "plain", type: "button", hidden: true },
    "Show more",
  );
  const aside = h("div", { class: "list-end" }, more);
  const isFront = () => formatQuery(query) === "";
  const proud = isFront() ? await shop.catalog.featured().catch(() => []) : [];
  const featured = featuredBand(shop, proud);
  // What the band shows need not be shown twice.
  const inBand = new Set(proud.map(({ product_id }) => product_id));
  const isListed = ({ product_id }: Tile) => !isFront() || !inBand.has(product_id);

  const sort = h(
    "select",
    {
      class: "input",
      onchange: () => {
        if (isSort(sort.value)) go({ ...query, sort: sort.value });
      },
    },
    Object.entries(sorts).map(([value, label]) => h("option", { value }, label)),
  );
  const controls = filters(shop, query, (next) => go(next));
  const go = (next: ListingQuery) => shop.navigate(links.home + formatQuery(next));
  const clear = () =>
    h(
      "button",
      { class: "button", type: "button", onclick: () => go(parseQuery(new URLSearchParams())) },
      "Show everything",
    );

  const describe = () => {
    const category = shop.categories.find(({ slug }) => slug === query.category);
    setText(heading, query.text ? `Results for “${query.text}”` : (category?.name ?? "Everything"));
    sort.value = query.sort;
    if (featured) featured.hidden = !isFront();
  };

  const showTiles = ({ tiles: all, hasMore }: TilePage) => {
    const tiles = all.filter(isListed);
    grid.hidden = tiles.length === 0;
    fill(
      grid,
      tiles.map((product, index) => tile(shop, product, index < 4)),
    );
    more.hidden = !hasMore;
    for (const notice of aside.querySelectorAll(".empty")) notice.remove();
    const counted = `${tiles.length}${hasMore ? "+" : ""}`;
    setText(summary, tiles.length === 1 ? "1 product" : `${counted} products`);
    if (tiles.length > 0) return;
    setText(summary, "");
    aside.append(
      emptyState({
        symbol: "search",
        title: isNarrowed(query) ? "Nothing matches" : "The shelves are empty",
        text: isNarrowed(query)
          ? "Try fewer filters, or other words."
          : "There is nothing on sale yet.",
        ...(isNarrowed(query) && { action: clear() }),
      }),
    );
  };

  const load = async () => {
    const key = formatQuery(query);
    const own = ++turn;
    describe();
    const old = kept.get(key);
    if (old && performance.now() - old.at < keepFor) return showTiles(old);
    grid.setAttribute("aria-busy", "true");
    // There is no more of the list that is leaving the screen.
    more.hidden = true;
    try {
      const page = await shop.catalog.list(query);
      if (own !== turn) return;
      kept.set(key, { ...page, at: performance.now() });
      showTiles(page);
    } catch (error) {
      if (own !== turn) return;
      fill(grid);
      setText(summary, "");
      fill(aside, more, failedState(error, load));
    } finally {
      if (own === turn) grid.removeAttribute("aria-busy");
    }
  };

  const loadMore = async () => {
    const key = formatQuery(query);
    const known = kept.get(key);
    const last = known?.tiles.at(-1);
    if (!known || !last) return;
    try {
      const next = await shop.catalog.list(query, last);
      const page = { tiles: [...known.tiles, ...next.tiles], hasMore: next.hasMore };
      kept.set(key, { ...page, at: performance.now() });
      if (key !== formatQuery(query)) return;
      const fresh = next.tiles.filter(isListed).map((product) => tile(shop, product));
      grid.append(...fresh);
      more.hidden = !next.hasMore;
      setText(summary, `${grid.childElementCount}${page.hasMore ? "+" : ""} products`);
      fresh[0]?.querySelector("a")?.focus({ preventScroll: true });
    } catch (error) {
      toast(sentenceOf(error));
    }
  };
  more.addEventListener("click", () => void whileBusy(more, loadMore));

  fill(grid, tileSkeletons(Math.min(pageSize, 8)));
  const loading = load();
  const body = h(
    "div",
    { class: "browse" },
    featured,
    h(
      "div",
      { class: "browse-columns" },
      controls.element,
      h(
        "section",
        { class: "browse-list" },
        h(
          "div",
          { class: "browse-head" },
          h("div", {}, heading, summary),
          h("label", { class: "sort" }, h("span", { class: "small muted" }, "Sort by"), sort),
        ),
        grid,
        aside,
      ),
    ),
  );
  // A list that is there within a moment appears at once, without stand-ins before it.
  await Promise.race([loading, new Promise((resolve) => setTimeout(resolve, 300))]);
  return {
    title: heading.textContent,
    body,
    update: (next) => {
      query = parseQuery(next.searchParams);
      controls.show(query);
      void load();
    },
  };
};

/** The front page opens with what the shop is proud of; absent when nothing is featured. */
const featuredBand = (shop: Shop, [first, ...rest]: readonly Tile[]): HTMLElement | null => {
  if (!first) return null;
  return h(
    "section",
    { class: "featured", "aria-label": "Featured" },
    h(
      "a",
      { class: "featured-main", href: links.product(first.slug) },
      picture({ path: first.image, title: first.title, projectUrl: shop.config.url, eager: true }),
      h(
        "span",
        { class: "featured-words" },
        h("span", { class: "eyebrow" }, "Featured"),
        h("span", { class: "featured-title" }, first.title),
        priceTag(first),
      ),
    ),
    h(
      "ul",
      {},
      rest.slice(0, 3).map((product) => tile(shop, product, true)),
    ),
  );
};
