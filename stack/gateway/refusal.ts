/** Why the gateway itself answers; thrown before a service sees the request. */
export class Refusal extends Error {
  override name = "Refusal";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export const urlTooLong = (limit: number): Refusal =>
  new Refusal(
    414,
    "uri_too_long",
    `The address of the request is longer than ${limit} bytes.`,
    "Send long filters through a function with POST.",
  );

export const headersTooLarge = (): Refusal =>
  new Refusal(431, "headers_too_large", "The request's headers are too many or too large.");

/** The body that every error of the API has. */
export const refusalBody = ({ code, message, hint }: Refusal): string =>
  JSON.stringify({ code, message, details: null, hint });

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  413: "Payload Too Large",
  414: "URI Too Long",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
};

/** The whole answer as text, for connections on which there is no request to answer. */
export const rawAnswer = (refusal: Refusal, headers: Readonly<Record<string, string>>): string => {
  const body = refusalBody(refusal);
  const lines = Object.entries({
    ...headers,
    ...refusal.headers,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? "Refused"}`;
  return `${[status, ...lines].join("\r\n")}\r\n\r\n${body}`;
};
