import { showFiles } from "./files-page.ts";
import { attempt, fill, h, noticeLine } from "./parts.ts";
import { showSql } from "./sql-page.ts";
import { showTables } from "./tables-page.ts";
import { showUsers } from "./users-page.ts";

type Show = (main: Element, path: string[]) => Promise<void>;

const pages: Readonly<Record<string, { title: string; show: Show }>> = {
  tables: { title: "Tables", show: showTables },
  sql: { title: "SQL", show: showSql },
  users: { title: "Users", show: showUsers },
  files: { title: "Files", show: showFiles },
};

const main = h("main");
const tabs = h("nav", { class: "tabs", "aria-label": "Studio" });
document.querySelector("#app")?.append(tabs, noticeLine, main);

/** The address after `#/`: a page, and where in it. */
const show = async (): Promise<void> => {
  const [name = "", ...path] = location.hash.slice(2).split("/").map(decodeURIComponent);
  const current = pages[name] ? name : "tables";
  const page = pages[current];
  if (!page) return;
  document.title = `${page.title} · Studio`;
  fill(
    tabs,
    h("strong", {}, "Studio"),
    ...Object.entries(pages).map(([key, { title }]) =>
      h("a", { href: `#/${key}`, "aria-current": key === current ? "page" : false }, title),
    ),
  );
  main.className = current;
  await attempt(() => page.show(main, path.filter(Boolean)));
};

addEventListener("hashchange", () => void show());
void show();
