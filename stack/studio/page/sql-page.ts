import type { ScriptResult } from "../script.ts";
import { runScript } from "./api.ts";
import { button, cell, fill, grid, h, wordsOf } from "./parts.ts";

const draft = "studio.script";

/** A script and what each of its statements gave; what was typed is there again next time. */
export const showSql = async (main: Element): Promise<void> => {
  const script = h("textarea", {
    class: "script",
    spellcheck: "false",
    "aria-label": "SQL",
    placeholder: "select * from public.products limit 10;",
  });
  script.value = localStorage.getItem(draft) ?? "";
  const results = h("div", { class: "results", "aria-live": "polite" });

  const run = async () => {
    localStorage.setItem(draft, script.value);
    const selected = script.value.slice(script.selectionStart, script.selectionEnd).trim();
    fill(results, h("p", { class: "quiet" }, "Running…"));
    const began = performance.now();
    try {
      const answers = await runScript(selected || script.value);
      const took = `${Math.round(performance.now() - began)} ms`;
      fill(results, h("p", { class: "quiet" }, `Done in ${took}.`), ...answers.map(shown));
    } catch (error) {
      fill(results, h("p", { class: "notice failed", role: "alert" }, wordsOf(error)));
    }
  };
  script.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void run();
    }
  });
  fill(
    main,
    h(
      "section",
      { class: "work" },
      h(
        "header",
        {},
        h("h1", {}, "SQL"),
        button("Run", run, { class: "primary" }),
        h("span", { class: "quiet" }, "Ctrl+Enter; runs the selection, if any, as postgres"),
      ),
      script,
      results,
    ),
  );
  script.focus();
};

const shown = ({ command, columns, rows, count }: ScriptResult): HTMLElement => {
  const isCut = rows.length > 0 && rows.length < count;
  return h(
    "section",
    { class: "result" },
    h(
      "p",
      { class: "quiet" },
      columns.length > 0 || count > 0 ? `${command}: ${count} rows` : command,
      isCut ? `, of which the first ${rows.length} are shown` : "",
    ),
    columns.length > 0
      ? grid(
          columns,
          rows.map((row) => row.map(cell)),
        )
      : null,
  );
};
