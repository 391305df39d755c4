import type { Context } from "../http.ts";
import { Problem } from "../problems.ts";

/** Lets the project's own secret keys pass, as `apikey` or as bearer; throws 401 or 403. */
export const requireServiceKey = async (
  { authorization, headers }: Context,
  keys: readonly string[],
): Promise<void> => {
  const given = [headers.get("apikey"), authorization?.replace(/^bearer\s+/i, "")].filter(
    (key) => typeof key === "string" && key !== "",
  );
  if (given.length === 0) throw new Problem("not_signed_in");
  for (const key of keys) {
    for (const candidate of given) if (await isSame(candidate ?? "", key)) return;
  }
  throw new Problem("forbidden");
};

/** Compares digests to the end, so that the time taken tells nothing about the key. */
const isSame = async (left: string, right: string): Promise<boolean> => {
  const [a, b] = await Promise.all([digest(left), digest(right)]);
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
};

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
