import type { Stripe } from "stripe";

/** The object under `error` in a failed answer. */
export interface ErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  doc_url?: string;
  charge?: string;
  payment_intent?: Stripe.PaymentIntent;
  payment_method?: Stripe.PaymentMethod;
}

/** A failure as the API answers it: thrown by operations, turned into a response in one place. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    /**
     * Whether a retry with the same idempotency key gets this very answer again. Requests that were
     * refused before they began are not remembered, so that a corrected one may use the key.
     */
    readonly remembered = false,
  ) {
    super(body.message);
  }
}

const documented = (code: string) => ({
  code,
  doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}`,
});

/** 400: the parameters themselves are wrong. */
export const invalidRequest = (message: string, param?: string, code?: string): ApiError =>
  new ApiError(400, {
    type: "invalid_request_error",
    message,
    ...(code === undefined ? {} : documented(code)),
    ...(param === undefined ? {} : { param }),
  });

/** 400: the parameters are fine, the state of the object forbids it. */
export const refused = (
  message: string,
  details: Pick<ErrorBody, "code" | "param" | "payment_intent" | "charge"> = {},
): ApiError =>
  new ApiError(
    400,
    {
      type: "invalid_request_error",
      message,
      ...details,
      ...(details.code === undefined ? {} : documented(details.code)),
    },
    true,
  );

/** 404 when the id came in the path, 400 when it came as a parameter, as the provider does. */
export const missing = (object: string, id: string, param = "id", status: 400 | 404 = 404) =>
  new ApiError(status, {
    type: "invalid_request_error",
    message: `No such ${object}: '${id}'`,
    param,
    ...documented("resource_missing"),
  });

/** 402: the card was not charged. */
export const cardError = (
  body: Omit<ErrorBody, "type" | "code" | "doc_url"> & { code: string },
): ApiError => new ApiError(402, { type: "card_error", ...body, ...documented(body.code) }, true);
