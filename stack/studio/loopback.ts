const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i;

const refused = (message: string) =>
  Response.json({ code: "loopback_only", message }, { status: 403 });

/**
 * The refusal of a request that is not from this machine's own pages, or null. The host name is
 * checked too: a foreign site can point its own name at 127.0.0.1 (DNS rebinding), and so are origin
 * and fetch metadata, since any page open in the browser can send requests here. Another page may
 * link here, but neither frame what it links to nor send anything.
 */
export const refuseForeign = (request: Request, peer?: string): Response | null => {
  const { headers } = request;
  const host = headers.get("host") ?? new URL(request.url).host;
  if (!loopbackHost.test(host)) {
    return refused("This page answers only at localhost and 127.0.0.1.");
  }
  if (peer !== undefined && !loopbackAddress.test(peer)) {
    return refused("This page answers only on the machine it runs on.");
  }
  const origin = headers.get("origin");
  const isForeign = origin !== null && origin.toLowerCase() !== `http://${host.toLowerCase()}`;
  if (isForeign || (isFromElsewhere(headers) && !isLink(request))) {
    return refused("This page answers only to itself.");
  }
  return null;
};

/** Every current browser says so, and no page can make it say otherwise. */
const isFromElsewhere = (headers: Headers): boolean =>
  !["same-origin", "none", null].includes(headers.get("sec-fetch-site"));

const isLink = ({ method, headers }: Request): boolean =>
  method === "GET" &&
  headers.get("sec-fetch-mode") === "navigate" &&
  headers.get("sec-fetch-dest") === "document";
