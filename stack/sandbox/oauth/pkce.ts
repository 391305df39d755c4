import { createHash } from "node:crypto";

/** What a client promised to know when it asked for a code (RFC 7636). */
export interface Challenge {
  method: "plain" | "S256";
  value: string;
}

const isWellFormed = (text: string) => /^[\w.~-]{43,128}$/.test(text);

/** Reads the challenge of an authorization request; null when there is none, an error's text when it is bad. */
export const readChallenge = (
  query: URLSearchParams,
  methods: readonly Challenge["method"][],
): Challenge | null | string => {
  const value = query.get("code_challenge");
  const asked = query.get("code_challenge_method");
  if (value === null)
    return asked === null ? null : "code_challenge_method without code_challenge.";
  const method = methods.find((known) => known === (asked ?? "plain"));
  if (!method) return `Unsupported code_challenge_method: ${asked ?? "plain"}.`;
  return isWellFormed(value) ? { method, value } : "Malformed code_challenge.";
};

/** Whether `verifier` is the secret behind the challenge; without a challenge there must be none. */
export const meets = (challenge: Challenge | null, verifier: string | null): boolean => {
  if (challenge === null) return verifier === null;
  if (verifier === null || !isWellFormed(verifier)) return false;
  const shown =
    challenge.method === "plain"
      ? verifier
      : createHash("sha256").update(verifier).digest("base64url");
  return shown === challenge.value;
};
