/**
 * What goes wrong with an API request. `unavailable`: 503, nothing done. `rate_limited`: 429,
 * nothing done. `reset`: the connection ends, nothing done. `lost_reply`: it is done, and the
 * connection ends (after `hang_ms`) before the answer.
 */
export type Outage = "none" | "unavailable" | "rate_limited" | "reset" | "lost_reply";

export interface FaultPlan {
  outage: Outage;
  /** How many requests it befalls; null: all until changed. */
  count: number | null;
  /** Only requests whose `METHOD /path` begins so. */
  match: string;
  /** Added to every API request. */
  latency_ms: number;
  /** How long a lost reply keeps the client waiting. */
  hang_ms: number;
}

export const NO_FAULTS: FaultPlan = {
  outage: "none",
  count: null,
  match: "",
  latency_ms: 0,
  hang_ms: 0,
};

export interface Faults {
  readonly plan: FaultPlan;
  set(plan: FaultPlan): void;
  /** The outage of this request; counts it. */
  next(request: string): Outage;
}

export const createFaults = (): Faults => {
  let plan = NO_FAULTS;
  return {
    get plan() {
      return plan;
    },
    set: (next) => {
      plan = next;
    },
    next: (request) => {
      if (plan.outage === "none" || !request.startsWith(plan.match)) return "none";
      const { outage, count } = plan;
      if (count === null) return outage;
      plan = count > 1 ? { ...plan, count: count - 1 } : { ...plan, outage: "none", count: null };
      return outage;
    },
  };
};
