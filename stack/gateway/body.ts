/** Why a request body was not taken; answered before any service sees the request. */
export class BodyRefused extends Error {
  constructor(
    readonly status: 400 | 413,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

const isText = (contentType: string | null) =>
  !contentType || /json|text|x-www-form-urlencoded/i.test(contentType);

/**
 * The request with its body read into memory, at most `limit` bytes; text must be valid UTF-8,
 * since PostgreSQL would refuse it later with less to go on.
 */
export const withBoundedBody = async (request: Request, limit: number): Promise<Request> => {
  if (!request.body) return request;
  const chunks: Uint8Array[] = [];
  let size = Number(request.headers.get("content-length") ?? 0);
  if (size <= limit) {
    size = 0;
    for await (const chunk of request.body) {
      size += chunk.byteLength;
      if (size > limit) break;
      chunks.push(chunk);
    }
  }
  if (size > limit) {
    throw new BodyRefused(
      413,
      "payload_too_large",
      `The request body is larger than ${limit} bytes.`,
      "Send less at once, for example in batches.",
    );
  }
  const body = Buffer.concat(chunks);
  if (isText(request.headers.get("content-type"))) refuseInvalidText(body);
  return new Request(request.url, { method: request.method, headers: request.headers, body });
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

const refuseInvalidText = (body: Uint8Array) => {
  try {
    utf8.decode(body);
  } catch {
    throw new BodyRefused(
      400,
      "invalid_utf8",
      "The request body is not valid UTF-8.",
      "Encode the body as UTF-8.",
    );
  }
};
