import type { OrderStatus } from "../../types/index.ts";

export type StaffMove = Exclude<OrderStatus, "pending" | "confirmed">;

/**
 * The moves that staff are offered. The shop decides: its transition table refuses any other, and
 * these too when the payment does not allow them.
 */
export const nextStates: Readonly<Record<OrderStatus, readonly StaffMove[]>> = {
  pending: ["cancelled"],
  confirmed: ["processing", "shipped", "cancelled"],
  processing: ["shipped", "cancelled"],
  shipped: ["delivered", "returned"],
  delivered: ["returned"],
  cancelled: [],
  returned: [],
};

export const moveWords: Readonly<Record<StaffMove, string>> = {
  processing: "Start packing",
  shipped: "Ship",
  delivered: "Mark delivered",
  returned: "Mark returned",
  cancelled: "Cancel order",
};
