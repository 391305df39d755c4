import type { SupabaseClient } from "@supabase/supabase-js";
import type { TrackedOrder } from "../../types/index.ts";
import { h, setText } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import { minorUnits, money, toMinor } from "../shared/money.ts";
import { moveWords, nextStates, type StaffMove } from "./next-states.ts";

export interface ActionsOptions {
  client: SupabaseClient;
  tracked: TrackedOrder;
  /** The order has changed, or is not what it was thought to be. */
  done(): Promise<void>;
}

/** What staff can do with an order in the state it is in. */
export const orderActions = ({ client, tracked, done }: ActionsOptions): HTMLElement => {
  const { order } = tracked;
  const problem = h("p", { class: "notice", "data-tone": "bad", role: "alert", hidden: true });
  const details = h("div", { class: "action-details" });
  let isBusy = false;

  const run = async (action: () => PromiseLike<unknown>): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    problem.hidden = true;
    try {
      await action();
      await done();
    } catch (error) {
      problem.hidden = false;
      setText(problem, error instanceof Failure ? error.message : "That did not work.");
      const isOutdated = error instanceof Failure && error.code === "stale_version";
      if (isOutdated) await done();
    } finally {
      isBusy = false;
    }
  };

  const move = (status: StaffMove, extra: Readonly<Record<string, string | null>> = {}) =>
    run(() =>
      dataOf(
        client.rpc("set_order_status", {
          order_id: order.id,
          status,
          expected_version: order.version,
          ...extra,
        }),
      ),
    );

  const open = (form: HTMLFormElement) => {
    details.replaceChildren(form);
    form.querySelector("input")?.focus();
  };

  const shipForm = () => {
    const carrier = input("Carrier", "carrier", order.tracking_carrier ?? "Royal Mail");
    const tracking = input("Tracking number", "tracking", "");
    return form("Ship", [carrier, tracking], () =>
      move("shipped", {
        tracking_number: tracking.control.value.trim() || null,
        tracking_carrier: carrier.control.value.trim() || null,
      }),
    );
  };
  const cancelForm = () => {
    const reason = input("Reason, shown to the customer", "reason", "");
    reason.control.required = true;
    return form("Cancel order", [reason], () =>
      run(() =>
        dataOf(
          client.rpc("cancel_order", { order_id: order.id, reason: reason.control.value.trim() }),
        ),
      ),
    );
  };
  const refundForm = () => {
    const left = refundable(tracked);
    const amount = input(
      `Amount, at most ${money(left, order.currency)}`,
      "amount",
      String(left / minorUnits(order.currency)),
    );
    amount.control.inputMode = "decimal";
    const reason = input("Reason", "reason", "");
    const key = crypto.randomUUID();
    return form("Refund", [amount, reason], () =>
      run(() =>
        dataOf(
          client.rpc("request_refund", {
            order_id: order.id,
            amount: toMinor(amount.control.value, order.currency) ?? null,
            reason: reason.control.value.trim() || null,
            idempotency_key: key,
          }),
        ),
      ),
    );
  };

  const act: Readonly<Record<StaffMove, () => void>> = {
    processing: () => void move("processing"),
    delivered: () => void move("delivered"),
    returned: () => void move("returned"),
    shipped: () => open(shipForm()),
    cancelled: () => open(cancelForm()),
  };
  const buttons = nextStates[order.status].map((status, index) =>
    h(
      "button",
      {
        class: "button",
        type: "button",
        "data-size": "small",
        "data-kind": status === "cancelled" ? "danger" : index === 0 ? null : "plain",
        onclick: act[status],
      },
      moveWords[status],
    ),
  );
  const refund =
    refundable(tracked) > 0 &&
    h(
      "button",
      {
        class: "button",
        type: "button",
        "data-size": "small",
        "data-kind": "plain",
        onclick: () => open(refundForm()),
      },
      "Refund",
    );
  return h(
    "div",
    { class: "actions" },
    h("div", { class: "action-buttons" }, buttons, refund),
    details,
    problem,
  );
};

/** Minor units that were paid and are neither back nor on their way back. */
const refundable = ({ payments, refunds }: TrackedOrder): number => {
  const captured = payments.reduce((sum, payment) => sum + payment.captured_amount, 0);
  const returned = refunds
    .filter(({ state }) => state !== "failed")
    .reduce((sum, { amount }) => sum + amount, 0);
  return Math.max(0, captured - returned);
};

const input = (label: string, name: string, value: string) => {
  const control = h("input", { class: "input", name, value, autocomplete: "off", maxlength: 500 });
  return { control, element: h("label", { class: "field" }, h("span", {}, label), control) };
};

const form = (
  label: string,
  inputs: readonly { element: HTMLElement }[],
  submit: () => Promise<void>,
): HTMLFormElement =>
  h(
    "form",
    {
      class: "action-form",
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
    },
    inputs.map(({ element }) => element),
    h("button", { class: "button", "data-size": "small" }, label),
  );
