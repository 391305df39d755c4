const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i;

const refused = (message: string) =>
  Response.json({ code: "loopback_only", message }, { status: 403 });

/**
 * The refusal of a request that is not from this machine's own pages, or null. The host name is
 * checked too: a foreign site can point its own name at 127.0.0.1 (DNS rebinding), and so is the
 * origin, since any page open in the browser can send requests here.
 */
export const refuseForeign = (request: Request, peer?: string): Response | null => {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (!loopbackHost.test(host)) {
    return refused("This page answers only at localhost and 127.0.0.1.");
  }
  if (peer !== undefined && !loopbackAddress.test(peer)) {
    return refused("This page answers only on the machine it runs on.");
  }
  const origin = request.headers.get("origin");
  if (origin !== null && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return refused("This page answers only to itself.");
  }
  return null;
};
