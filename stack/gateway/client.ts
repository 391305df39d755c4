import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export interface Client {
  /** The address that asks. */
  address: string;
  /** Whether it came over TLS, which only a proxy in front can know. */
  isSecure: boolean;
}

/** IPv4 in its own notation also where the socket serves both families. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "");

const text = (value: string | string[] | undefined) => (typeof value === "string" ? value : "");

/**
 * Who is asking. Anybody can write `x-forwarded-for`; only what `trustedProxies` proxies in front
 * added is believed, which stands at its end.
 */
export const clientOf = (incoming: IncomingMessage, trustedProxies: number): Client => {
  const peer = plain(incoming.socket.remoteAddress ?? "unknown");
  if (trustedProxies === 0) return { address: peer, isSecure: false };
  const hops = text(incoming.headers["x-forwarded-for"]).split(",");
  const named = plain(hops.at(-trustedProxies)?.trim() ?? "");
  const schemes = text(incoming.headers["x-forwarded-proto"]).split(",");
  return {
    address: isIP(named) ? named : peer,
    isSecure: schemes.at(-1)?.trim() === "https",
  };
};
