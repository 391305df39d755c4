import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** Whether the client announces a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

export const tooLarge = (limit: number): Refusal =>
  new Refusal(
    413,
    "payload_too_large",
    `The request body is larger than ${limit} bytes.`,
    "Send less at once, for example in batches.",
  );

const isText = (contentType: string | undefined) =>
  !contentType || /json|text|x-www-form-urlencoded/i.test(contentType);

/**
 * The whole body, at most `limit` bytes; text must be valid UTF-8, since PostgreSQL would refuse it
 * later with less to go on. Throws a `Refusal`.
 */
export const readBody = async (incoming: IncomingMessage, limit: number): Promise<Buffer> => {
  const body = await collect(incoming, limit);
  if (isText(incoming.headers["content-type"]) && !isUtf8(body)) {
    throw new Refusal(
      400,
      "invalid_utf8",
      "The request body is not valid UTF-8.",
      "Encode the body as UTF-8.",
    );
  }
  return body;
};

const collect = (incoming: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = () => {
      incoming.off("data", take);
      incoming.off("end", finish);
      incoming.off("close", breakOff);
    };
    const take = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= limit) return void chunks.push(chunk);
      end();
      incoming.pause();
      reject(tooLarge(limit));
    };
    const finish = () => {
      end();
      resolve(Buffer.concat(chunks));
    };
    // Also after an error. Nobody is left to read this answer; it ends the request.
    const breakOff = () => {
      end();
      reject(new Refusal(400, "incomplete_body", "The request body broke off."));
    };
    incoming.on("data", take);
    incoming.once("end", finish);
    incoming.once("close", breakOff);
    incoming.on("error", () => undefined);
  });
