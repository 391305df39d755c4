import type { TrackedOrder } from "../../types/index.ts";
import { h } from "./dom.ts";
import { eventWords } from "./order-words.ts";
import { moment } from "./time.ts";

/** What happened to an order, latest first. */
export const timeline = (events: TrackedOrder["events"]): HTMLElement =>
  h(
    "ol",
    { class: "timeline" },
    events
      .toReversed()
      .map((event) =>
        h(
          "li",
          {},
          h("span", {}, eventWords(event)),
          h("time", { class: "muted small", datetime: event.created_at }, moment(event.created_at)),
          event.message && h("p", {}, event.message),
        ),
      ),
  );
