import type { SupabaseClient } from "@supabase/supabase-js";
import type { StockChangedPayload } from "../../types/index.ts";
import { batched } from "../shared/batch.ts";
import { fill, h, setText } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import { type LiveState, listen } from "../shared/live.ts";

/** A row of the view `low_stock`. */
interface LowRow {
  variant_id: string;
  warehouse: string;
  sku: string;
  title: string;
  variant_title: string;
  available: number;
}

export interface LowStock {
  element: HTMLElement;
  /** Stops listening. */
  stop(): void;
}

export interface LowStockOptions {
  client: SupabaseClient;
  /** Pieces at which a variant counts as low, where its own threshold says nothing else. */
  threshold: number;
  onState(state: LiveState): void;
}

const mostShown = 30;
const delivery = 25;
/** Events tell the sum over all warehouses; what they cannot tell is read this often, in ms. */
const rereadEvery = 30_000;

/** Variants that run out, fewest pieces first, with a button that books a delivery in. */
export const lowStock = ({ client, threshold, onState }: LowStockOptions): LowStock => {
  const list = h("ul", { class: "low-stock" });
  const message = h("p", { class: "muted small", role: "status" }, "Looking …");
  const shown = new Set<string>();

  const read = async (): Promise<void> => {
    const rows = await dataOf(
      client
        .from("low_stock")
        .select("variant_id,warehouse,sku,title,variant_title,available")
        .order("available")
        .order("variant_id")
        .limit(mostShown)
        .overrideTypes<LowRow[], { merge: false }>(),
    );
    shown.clear();
    for (const { variant_id } of rows) shown.add(variant_id);
    const isOnePlace = new Set(rows.map(({ warehouse }) => warehouse)).size < 2;
    fill(
      list,
      rows.map((row) => line(row, isOnePlace, receive)),
    );
    setText(message, rows.length === 0 ? "Enough of everything." : "");
  };
  // Stock of a busy shop changes all the time; the list need not be read more than once a second.
  const reload = batched(
    () => read().catch((error) => setText(message, error instanceof Failure ? error.message : "")),
    1000,
  );

  const receive = async (row: LowRow, button: HTMLButtonElement) => {
    button.disabled = true;
    try {
      await dataOf(
        client.rpc("adjust_stock", {
          variant_id: row.variant_id,
          warehouse_code: row.warehouse,
          quantity: delivery,
          reason: "received",
          idempotency_key: crypto.randomUUID(),
        }),
      );
      await read();
    } catch (error) {
      setText(message, error instanceof Failure ? error.message : "That did not work.");
      button.disabled = false;
    }
  };

  const leave = listen(client, {
    topic: "admin:stock",
    events: {
      "stock.changed": (payload) => {
        if (!isStockEvent(payload)) return;
        if (payload.available <= threshold || shown.has(payload.variant_id)) reload();
      },
    },
    onJoin: () => void read().catch(() => reload()),
    onState,
  });
  const element = h(
    "section",
    { class: "panel" },
    h("div", { class: "panel-head" }, h("h2", {}, "Low stock")),
    list,
    message,
  );
  const timer = setInterval(reload, rereadEvery);
  const stop = () => {
    clearInterval(timer);
    leave();
  };
  return { element, stop };
};

const isStockEvent = (payload: unknown): payload is StockChangedPayload =>
  typeof payload === "object" &&
  payload !== null &&
  "variant_id" in payload &&
  "available" in payload;

const line = (
  row: LowRow,
  isOnePlace: boolean,
  receive: (row: LowRow, button: HTMLButtonElement) => Promise<void>,
): HTMLElement => {
  const name = [row.title, row.variant_title].filter(Boolean).join(", ");
  const button = h(
    "button",
    {
      class: "button",
      "data-kind": "plain",
      "data-size": "small",
      type: "button",
      "aria-label": `Receive ${delivery} of ${name}`,
      onclick: () => void receive(row, button),
    },
    `+${delivery}`,
  );
  const details = [row.variant_title, row.sku, !isOnePlace && row.warehouse].filter(Boolean);
  return h(
    "li",
    {},
    h(
      "span",
      { class: "left number", "data-tone": row.available === 0 ? "bad" : "warn" },
      row.available,
      h("span", { class: "visually-hidden" }, " left"),
    ),
    h(
      "span",
      {},
      h("span", { class: "line-title" }, row.title),
      h("span", { class: "small muted" }, details.join(" · ")),
    ),
    button,
  );
};
