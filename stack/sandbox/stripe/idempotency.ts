import { createHash } from "node:crypto";
import { ApiError } from "./errors.ts";
import type { IdempotencyRecord, Store } from "./store.ts";

const DAY = 24 * 60 * 60;

/** An answer as it goes on the wire. */
export interface Reply {
  status: number;
  body: string;
}

export interface Idempotency {
  /** The answer the key got before; throws when the key is in use or was used for something else. */
  begin(key: string, path: string, parameters: string, now: number): IdempotencyRecord | undefined;
  /** Ends the key's request; with a reply to remember, retries get it. */
  end(key: string, reply?: Reply & Omit<IdempotencyRecord, "id" | "digest" | keyof Reply>): void;
}

const idempotencyError = (status: number, message: string, code?: string) =>
  new ApiError(status, {
    type: "idempotency_error",
    message,
    ...(code === undefined ? {} : { code }),
  });

const check = (known: IdempotencyRecord, path: string, digest: string): void => {
  if (known.path !== path) {
    throw idempotencyError(
      400,
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${known.path}' vs '${path}'). Try using a key other than '${known.id}' if you meant to execute a different request.`,
    );
  }
  if (known.digest !== digest) {
    throw idempotencyError(
      400,
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${known.id}' if you meant to execute a different request.`,
    );
  }
};

/** One effect per key for 24 hours. */
export const createIdempotency = (store: Store): Idempotency => {
  const inProgress = new Map<string, string>();
  return {
    begin: (key, path, parameters, now) => {
      if (key.length > 255) {
        throw idempotencyError(400, "Idempotency keys can be at most 255 characters long.");
      }
      if (inProgress.has(key)) {
        throw idempotencyError(
          409,
          `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
          "idempotency_key_in_use",
        );
      }
      const digest = createHash("sha256").update(parameters).digest("base64url");
      const known = store.idempotency.get(key);
      if (known && known.created > now - DAY) {
        check(known, path, digest);
        return known;
      }
      if (known) store.idempotency.delete(key);
      inProgress.set(key, digest);
      return undefined;
    },
    end: (key, reply) => {
      const digest = inProgress.get(key);
      inProgress.delete(key);
      if (reply && digest !== undefined) store.idempotency.put({ ...reply, id: key, digest });
    },
  };
};
