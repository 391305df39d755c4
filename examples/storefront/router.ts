/** What a view puts on the screen. */
export interface Page {
  title: string;
  body: HTMLElement;
  /** Called when only the search part of the address has changed. */
  update?(url: URL): void;
  /** Ends what the page has begun: channels, timers. */
  leave?(): void;
}

export type Navigate = (address: string, options?: { replace?: boolean }) => void;

/** Shows the view for an address; `undefined` when another address has replaced it. */
export type View = (parameters: readonly string[], url: URL) => Promise<Page> | Page;

export interface Route {
  /** Matched against the path below the base; groups are the view's parameters. */
  pattern: RegExp;
  view: View;
}

export interface RouterOptions {
  base: string;
  routes: readonly Route[];
  notFound: View;
  failed: (error: unknown, retry: () => void) => Page;
  show(page: Page, isFirst: boolean): void;
  setBusy(isBusy: boolean): void;
}

/** Client routes with the History API; links below the base become navigations. */
export const startRouter = (options: RouterOptions): Navigate => {
  const { base, routes, notFound, failed, show, setBusy } = options;
  const scrolls = new Map<string, number>();
  let current: { route: Route | undefined; path: string; page: Page } | undefined;
  let latest = 0;
  let entry = entryOf(history.state);

  const open = async (scroll: number): Promise<void> => {
    const turn = ++latest;
    const url = new URL(location.href);
    const path = decodeURI(url.pathname).slice(base.length);
    const route = routes.find(({ pattern }) => pattern.test(path));
    if (current && current.route === route && current.path === path && current.page.update) {
      current.page.update(url);
      return;
    }
    setBusy(true);
    const page = await pageOf(route, path, url);
    if (turn !== latest) {
      page.leave?.();
      return;
    }
    setBusy(false);
    const isFirst = current === undefined;
    current?.page.leave?.();
    current = { route, path, page };
    show(page, isFirst);
    scrollTo(0, scroll);
  };

  const pageOf = async (route: Route | undefined, path: string, url: URL): Promise<Page> => {
    try {
      if (!route) return await notFound([], url);
      const parameters = route.pattern.exec(path)?.slice(1).map(decodeURIComponent) ?? [];
      return await route.view(parameters, url);
    } catch (error) {
      return failed(error, () => {
        current = undefined;
        void open(0);
      });
    }
  };

  const navigate: Navigate = (address, { replace = false } = {}) => {
    const url = new URL(address, location.href);
    const isSamePath = url.pathname === location.pathname;
    scrolls.set(entry, scrollY);
    entry = replace ? entry : crypto.randomUUID();
    if (replace) history.replaceState({ entry }, "", url);
    else history.pushState({ entry }, "", url);
    void open(replace && isSamePath ? scrollY : 0);
  };

  history.scrollRestoration = "manual";
  history.replaceState({ entry }, "");
  addEventListener("popstate", (event) => {
    scrolls.set(entry, scrollY);
    entry = entryOf(event.state);
    void open(scrolls.get(entry) ?? 0);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || event.defaultPrevented || event.button !== 0 || link.target) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(base)) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.href);
  });
  void open(0);
  return navigate;
};

const entryOf = (state: unknown): string => {
  const entry: unknown =
    typeof state === "object" && state !== null ? Reflect.get(state, "entry") : undefined;
  return typeof entry === "string" ? entry : crypto.randomUUID();
};
