import type { IncomingMessage } from "node:http";
import { headersTooLarge, Refusal, urlTooLong } from "./refusal.ts";
import type { GatewaySettings } from "./settings.ts";

export const malformed = (reason: string): Refusal =>
  new Refusal(400, "malformed_request", `This is no valid HTTP request: ${reason}.`);

/** The path of an absolute address, as the URL parser has normalised it. */
export const pathOf = (url: string): string => {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
};

/** The API key as it was presented, known or not. */
export const presentedKey = ({ headers, url }: IncomingMessage): string | null => {
  const { apikey } = headers;
  if (typeof apikey === "string") return apikey;
  if (!url?.includes("apikey=")) return null;
  return new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("apikey");
};

/** Throws the `Refusal` of a request whose head alone tells that nobody can serve it. */
export const checkHead = (
  incoming: IncomingMessage,
  path: string,
  { sizes, headerLines }: Pick<GatewaySettings, "sizes" | "headerLines">,
): void => {
  if ((incoming.url?.length ?? 0) > sizes.url) throw urlTooLong(sizes.url);
  if (incoming.rawHeaders.length / 2 > headerLines) throw headersTooLarge();
  if (!isDecodable(path)) throw malformed("its path is not percent-encoded UTF-8");
};

/** Whether services will be able to decode it, and PostgreSQL to hold it. */
const isDecodable = (path: string): boolean => {
  if (!path.includes("%")) return true;
  try {
    return !decodeURIComponent(path).includes("\0");
  } catch {
    return false;
  }
};
