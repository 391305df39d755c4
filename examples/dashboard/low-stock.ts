import type { SupabaseClient } from "@supabase/supabase-js";
import type { StockChangedPayload } from "../../types/index.ts";
import { batched } from "../shared/batch.ts";
import { fill, h, setText } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import { type LiveState, listen } from "../shared/live.ts";

interface LowVariant {
  variant_id: string;
  available: number;
  product_variants: {
    sku: string;
    options: Record<string, string>;
    is_active: boolean;
    products: { title: string } | null;
  } | null;
}

export interface LowStock {
  element: HTMLElement;
  /** Stops listening. */
  stop(): void;
}

export interface LowStockOptions {
  client: SupabaseClient;
  /** Pieces at which a variant counts as low. */
  threshold: number;
  onState(state: LiveState): void;
}

const mostShown = 30;
const delivery = 25;

/** Variants that run out, fewest pieces first, with a button that books a delivery in. */
export const lowStock = ({ client, threshold, onState }: LowStockOptions): LowStock => {
  const list = h("ul", { class: "low-stock" });
  const message = h("p", { class: "muted small", role: "status" }, "Looking …");
  const shown = new Set<string>();

  const read = async (): Promise<void> => {
    const rows = await dataOf(
      client
        .from("variant_stock")
        .select("variant_id,available,product_variants(sku,options,is_active,products(title))")
        .lte("available", threshold)
        .order("available")
        .order("variant_id")
        .limit(mostShown)
        .overrideTypes<LowVariant[], { merge: false }>(),
    );
    const low = rows.filter(({ product_variants }) => product_variants?.is_active);
    shown.clear();
    for (const { variant_id } of low) shown.add(variant_id);
    fill(
      list,
      low.map((one) => line(one, receive)),
    );
    setText(message, low.length === 0 ? `Nothing has ${threshold} pieces or fewer.` : "");
  };
  // Stock of a busy shop changes all the time; the list need not be read more than once a second.
  const reload = batched(
    () => read().catch((error) => setText(message, error instanceof Failure ? error.message : "")),
    1000,
  );

  const receive = async (variantId: string, button: HTMLButtonElement) => {
    button.disabled = true;
    try {
      await dataOf(
        client.rpc("adjust_stock", {
          variant_id: variantId,
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

  const stop = listen(client, {
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
  return { element, stop };
};

const isStockEvent = (payload: unknown): payload is StockChangedPayload =>
  typeof payload === "object" &&
  payload !== null &&
  "variant_id" in payload &&
  "available" in payload;

const line = (
  { variant_id, available, product_variants: variant }: LowVariant,
  receive: (variantId: string, button: HTMLButtonElement) => Promise<void>,
): HTMLElement => {
  const title = variant?.products?.title ?? variant?.sku ?? "";
  const options = Object.values(variant?.options ?? {}).join(" · ");
  const button = h(
    "button",
    {
      class: "button",
      "data-kind": "plain",
      "data-size": "small",
      type: "button",
      "aria-label": `Receive ${delivery} of ${title} ${options}`,
      onclick: () => void receive(variant_id, button),
    },
    `+${delivery}`,
  );
  return h(
    "li",
    {},
    h(
      "span",
      { class: "left number", "data-tone": available === 0 ? "bad" : "warn" },
      available,
      h("span", { class: "visually-hidden" }, " left"),
    ),
    h(
      "span",
      {},
      h("span", { class: "line-title" }, title),
      h("span", { class: "small muted" }, [options, variant?.sku].filter(Boolean).join(" · ")),
    ),
    button,
  );
};
