import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  Job,
  PaymentDetails,
  Refund,
  RefundDetails,
} from "../../supabase/functions/_shared/contracts/index.ts";
import { createHealth } from "../../supabase/functions/_shared/health/health.ts";
import {
  createRunJobs,
  type RunJobsPorts,
} from "../../supabase/functions/_shared/jobs/run-jobs.ts";
import type { Provider } from "../../supabase/functions/_shared/payments/provider.ts";
import { createRequestRefund } from "../../supabase/functions/_shared/payments/request-refund.ts";
import { Problem } from "../../supabase/functions/_shared/problems.ts";
import { aProviderPayment, orderId, paymentId, post, refundId } from "./documents.ts";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

const refundJob = (id = 1): Job => ({
  msg_id: id,
  kind: "payment.refund",
  payload: { refund_id: refundId },
  attempts: 1,
});
const cancelJob: Job = {
  msg_id: 2,
  kind: "payment.cancel",
  payload: { payment_id: paymentId },
  attempts: 1,
};

const askedAt = "2026-11-21T10:30:00.5+00:00";
const reconcileJob: Job = {
  msg_id: 3,
  kind: "payment.reconcile",
  payload: { payment_id: paymentId },
  attempts: 1,
};

const aRefund = (over: Partial<RefundDetails> = {}): RefundDetails => ({
  refund_id: refundId,
  payment_id: paymentId,
  order_id: orderId,
  provider: "stripe",
  provider_payment_id: "pi_1",
  provider_session_id: null,
  provider_refund_id: null,
  amount: 1000,
  currency: "GBP",
  state: "pending",
  reason: null,
  ...over,
});

const aPayment = (over: Partial<PaymentDetails> = {}): PaymentDetails => ({
  payment_id: paymentId,
  order_id: orderId,
  attempt: 1,
  provider: "stripe",
  status: "created",
  provider_payment_id: null,
  provider_session_id: "cs_1",
  amount: 5399,
  currency: "GBP",
  is_overdue: false,
  asked_at: askedAt,
  ...over,
});

/** A worker over a queue; `done` and `failed` are what became of the jobs. */
const aWorker = (
  queue: Job[],
  over: Partial<RunJobsPorts> = {},
  provided: Partial<Provider> = {},
) => {
  const done: number[] = [];
  const failed: [id: number, error: string][] = [];
  const recorded: unknown[] = [];
  const applied: unknown[] = [];
  const checked: unknown[] = [];
  const closed: unknown[] = [];
  const refunded: RefundDetails[] = [];
  const unused = async () => {
    throw new Error("not asked for");
  };
  const handler = createRunJobs({
    serviceKeys: ["sb_secret_one", "legacy"],
    claimJobs: async (max) => queue.splice(0, max),
    completeJob: async (id) => void done.push(id),
    failJob: async (id, error) => void failed.push([id, error]),
    refundDetails: async () => aRefund(),
    recordRefund: async (...refund) => void recorded.push(refund),
    paymentDetails: async () => aPayment(),
    applyEvent: async (...event) => {
      applied.push(event);
      return { outcome: "applied", order_id: orderId, payment_id: paymentId };
    },
    recordCheck: async (...check) => void checked.push(check),
    now: () => 0,
    ...over,
    provider: {
      open: unused,
      read: unused,
      close: async (reference) => {
        closed.push(reference);
        return aProviderPayment({ event: { state: "cancelled" } });
      },
      refund: async (refund) => {
        refunded.push(refund);
        return { provider_refund_id: "re_1", state: "succeeded", failure_message: null };
      },
      ...provided,
    },
  });
  const run = (body: unknown = {}, headers: Record<string, string> = { apikey: "sb_secret_one" }) =>
    post(handler, body, headers, "/jobs");
  return { run, done, failed, recorded, applied, checked, closed, refunded };
};

describe("the worker", () => {
  it("works only for the project's own secret keys", async () => {
    const { run, done } = aWorker([refundJob()]);
    expect((await run({}, {})).status).toBe(401);
    for (const headers of [
      { apikey: "sb_publishable_x" },
      { authorization: "Bearer ada" },
      { apikey: "sb_secret_on" },
      { apikey: "sb_secret_one " + "x" },
    ]) {
      const answer = await run({}, headers);
      expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    }
    expect(done).toEqual([]);
    expect((await run("", { authorization: "Bearer legacy" })).status).toBe(200);
    expect(done).toEqual([1]);
  });

  it("gives money back at the provider and records what it said", async () => {
    const { run, done, refunded, recorded } = aWorker([refundJob()]);
    expect((await run()).body).toEqual({ completed: 1, failed: 0 });
    expect(refunded).toEqual([aRefund()]);
    expect(recorded).toEqual([
      [refundId, { provider_refund_id: "re_1", state: "succeeded", failure_message: null }],
    ]);
    expect(done).toEqual([1]);
  });

  it("does nothing for a refund that is settled already", async () => {
    const settled = { refundDetails: async () => aRefund({ state: "succeeded" }) };
    const { run, done, refunded } = aWorker([refundJob(), refundJob(2)], settled);
    await run();
    expect([done, refunded]).toEqual([[1, 2], []]);
  });

  it("closes a payment at the provider and tells the database where it ended", async () => {
    const captured = aProviderPayment({
      event: { state: "captured", amount: 5399, currency: "GBP" },
    });
    const { run, done, applied } = aWorker([cancelJob], {}, { close: async () => captured });
    await run();
    expect(done).toEqual([2]);
    expect(applied).toEqual([
      [
        "read:cs_1:captured",
        "read",
        { state: "captured", amount: 5399, currency: "GBP", payment_id: paymentId },
      ],
    ]);
  });

  it("has nothing to close where the provider was never asked", async () => {
    const unopened = { paymentDetails: async () => aPayment({ provider_session_id: null }) };
    const { run, done, closed } = aWorker([cancelJob], unopened);
    await run();
    expect([done, closed]).toEqual([[2], []]);
  });

  it("asks the provider what no webhook told, and tells the database as a webhook would", async () => {
    const captured = aProviderPayment({
      event: { state: "captured", amount: 5399, currency: "GBP" },
    });
    const { run, done, applied, checked, closed } = aWorker(
      [reconcileJob],
      {},
      { read: async () => captured },
    );
    await run();
    expect([done, closed]).toEqual([[3], []]);
    expect(applied).toEqual([
      [
        "reconcile:cs_1:captured",
        "reconcile",
        { state: "captured", amount: 5399, currency: "GBP", payment_id: paymentId },
      ],
    ]);
    expect(checked).toEqual([[paymentId, askedAt]]);
  });

  it("has no news of a payment that waits for its shopper, and leaves its page open", async () => {
    const { run, done, applied, checked, closed } = aWorker(
      [reconcileJob],
      {},
      { read: async () => aProviderPayment() },
    );
    await run();
    expect([done, applied, closed]).toEqual([[3], [], []]);
    expect(checked).toEqual([[paymentId, askedAt]]);
  });

  it("closes the page of an order whose time is over before it says that it has asked", async () => {
    const calls: string[] = [];
    const { run } = aWorker(
      [reconcileJob],
      {
        paymentDetails: async () => aPayment({ is_overdue: true }),
        applyEvent: async (id) => {
          calls.push(id);
          return { outcome: "applied", order_id: orderId, payment_id: paymentId };
        },
        recordCheck: async () => void calls.push("checked"),
      },
      {
        close: async () => {
          calls.push("closed");
          return aProviderPayment({ event: { state: "cancelled" } });
        },
      },
    );
    await run();
    expect(calls).toEqual(["closed", "reconcile:cs_1:cancelled", "checked"]);
  });

  it.each([
    [
      "the provider does not answer",
      { read: async () => Promise.reject(new Error("timeout")) },
      {},
    ],
    [
      "the answer cannot be recorded",
      { read: async () => aProviderPayment({ event: { state: "processing" } }) },
      { applyEvent: async () => Promise.reject(new Problem("database_unavailable")) },
    ],
  ])("asks again later when %s, and does not say that it has asked", async (_, provided, over) => {
    const { run, done, failed, checked } = aWorker([reconcileJob], over, provided);
    await run();
    expect([done, checked]).toEqual([[], []]);
    expect(failed).toEqual([[3, expect.any(String)]]);
  });

  it("has nobody to ask about a payment that was never begun at the provider", async () => {
    const unopened = { paymentDetails: async () => aPayment({ provider_session_id: null }) };
    const { run, done, checked } = aWorker([reconcileJob], unopened);
    await run();
    expect([done, checked]).toEqual([[3], []]);
  });

  it("records a job's failure with its cause and goes on with the others", async () => {
    const { run, done, failed } = aWorker(
      [refundJob(), cancelJob, { ...cancelJob, msg_id: 3, kind: "toString" }],
      {},
      {
        refund: async () => {
          throw new Problem("payment_provider_unavailable", {}, { cause: new Error("503") });
        },
      },
    );
    expect((await run()).body).toEqual({ completed: 1, failed: 2 });
    expect(done).toEqual([2]);
    expect(failed.sort(([a], [b]) => a - b)).toEqual([
      [1, "payment_provider_unavailable: 503"],
      [3, expect.stringContaining("toString")],
    ]);
  });

  it("does not call a job done whose result could not be recorded", async () => {
    const { run, done, failed } = aWorker([refundJob()], {
      recordRefund: async () => {
        throw new Problem("database_unavailable");
      },
    });
    await run();
    expect(done).toEqual([]);
    expect(failed).toEqual([[1, "database_unavailable"]]);
  });

  it("leaves a job whose failure cannot be recorded to the next run, and does the others", async () => {
    const { run, done } = aWorker([{ ...cancelJob, kind: "unknown" }, refundJob()], {
      failJob: async () => {
        throw new Problem("database_unavailable");
      },
    });
    expect((await run()).body).toEqual({ completed: 1, failed: 1 });
    expect(done).toEqual([1]);
  });

  it("empties a long queue in one run, but stops at the limit it is given", async () => {
    const jobs = (count: number) => Array.from({ length: count }, (_, id) => refundJob(id));
    expect((await aWorker(jobs(25)).run()).body).toEqual({ completed: 25, failed: 0 });
    expect((await aWorker(jobs(25)).run({ max: 12 })).body).toEqual({ completed: 12, failed: 0 });
    expect((await aWorker([]).run({ max: 0 })).status).toBe(422);
  });

  it("leaves the rest to the next run when its time is up", async () => {
    let minutes = 0;
    const jobs = Array.from({ length: 25 }, (_, id) => refundJob(id));
    const { run } = aWorker(jobs, { now: () => 60_000 * minutes++ });
    expect((await run()).body.completed).toBeLessThan(25);
  });

  it("answers with a problem when the queue cannot be reached", async () => {
    const { run } = aWorker([], {
      claimJobs: async () => {
        throw new Problem("database_unavailable");
      },
    });
    const { status, body } = await run();
    expect([status, body.code]).toEqual([503, "database_unavailable"]);
  });
});

describe("payments/refund", () => {
  const booked: Refund = {
    id: refundId,
    payment_id: paymentId,
    order_id: orderId,
    amount: 1000,
    currency: "GBP",
    reason: "Broken",
    state: "pending",
    provider_refund_id: null,
    failure_message: null,
    requested_by: null,
    created_at: "2026-11-21T10:00:00+00:00",
    updated_at: "2026-11-21T10:00:00+00:00",
  };
  const aDesk = (request: () => Promise<Refund> = async () => booked) => {
    const requests: unknown[] = [];
    let runs = 0;
    const handler = createRequestRefund({
      requestRefund: async (...input) => {
        requests.push(input);
        return await request();
      },
      runJobsSoon: () => {
        runs += 1;
      },
    });
    return { handler, requests, runs: () => runs };
  };
  const input = { order_id: orderId, amount: 1000, reason: "Broken" };

  it("books the refund as the caller and has it carried out at once", async () => {
    const { handler, requests, runs } = aDesk();
    const { status, body } = await post(handler, input);
    expect([status, body]).toEqual([200, { refund: booked }]);
    expect(requests).toEqual([[input, "Bearer ada"]]);
    expect(runs()).toBe(1);
  });

  it("has nothing to carry out for cash", async () => {
    const { handler, runs } = aDesk(async () => ({ ...booked, state: "succeeded" }));
    await post(handler, input);
    expect(runs()).toBe(0);
  });

  it.each([
    ["amount", { ...input, amount: 0 }],
    ["amount", { ...input, amount: -5 }],
    ["amount", { ...input, amount: "10" }],
    ["order_id", { amount: 1000 }],
    ["currency", { ...input, currency: "GBP" }],
  ])("refuses a bad %s", async (field, body) => {
    const { handler, requests } = aDesk();
    const answer = await post(handler, body);
    expect([answer.status, answer.body.details.field]).toEqual([422, field]);
    expect(requests).toEqual([]);
  });

  it("is for signed-in staff; the database says who that is", async () => {
    const { handler, runs } = aDesk(async () => {
      throw new Problem("forbidden");
    });
    expect((await post(handler, input, {})).status).toBe(401);
    expect((await post(handler, input)).status).toBe(403);
    expect(runs()).toBe(0);
  });
});

describe("health", () => {
  const get = (handler: ReturnType<typeof createHealth>) =>
    handler(new Request("http://functions.test/health"));

  it("is good while the database answers", async () => {
    const response = await get(createHealth({ readShop: async () => undefined }));
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: "ok", database: "ok" },
    ]);
  });

  it("is bad when it does not", async () => {
    const handler = createHealth({
      readShop: async () => {
        throw new Error("connection refused");
      },
    });
    const response = await get(handler);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "database_unavailable" });
  });
});
