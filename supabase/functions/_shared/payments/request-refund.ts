import { type Refund, type RefundAnswer, RefundInput } from "../contracts/index.ts";
import { endpoint } from "../http.ts";
import { Problem } from "../problems.ts";

export interface RequestRefundPorts {
  /** As the caller: the database decides who may refund. */
  requestRefund(input: RefundInput, authorization: string): Promise<Refund>;
  /** Starts the worker; the answer does not wait for it. */
  runJobsSoon(): void;
}

/** `POST payments/refund`: books the refund and has the provider told at once. */
export const createRequestRefund = (ports: RequestRefundPorts) =>
  endpoint({ method: "POST", body: RefundInput }, async (input, { authorization }) => {
    if (!authorization) throw new Problem("not_signed_in");
    const refund = await ports.requestRefund(input, authorization);
    if (refund.state === "pending") ports.runJobsSoon();
    return { refund } satisfies RefundAnswer;
  });
