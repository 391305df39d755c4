/** Where everything of functions lies on the API's address. */
const prefix = "/functions/v1";

/** The function that a path names, empty for none: `/functions/v1/NAME/…`. */
export const functionName = ({ pathname }: URL): string => {
  const [, name = ""] = /^\/functions\/v1\/([^/]+)/.exec(pathname) ?? [];
  return name;
};

/** Functions see their own name first: `/functions/v1/webhooks/stripe?x` is `/webhooks/stripe?x`. */
export const functionPath = ({ pathname, search }: URL): string =>
  `${pathname.slice(prefix.length)}${search}`;

/**
 * What Supabase's gateway tells a function of where a request came in and from whom; `peer` is the
 * client's address where no gateway before us has said it.
 */
export const forwardedHeaders = (
  url: URL,
  headers: Pick<Headers, "get">,
  peer = "127.0.0.1",
): Record<string, string> => {
  const client = headers.get("x-forwarded-for") ?? peer;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return {
    host: url.host,
    "x-forwarded-for": client,
    "x-real-ip": client.split(",", 1)[0] ?? client,
    "x-forwarded-host": url.hostname,
    "x-forwarded-port": port,
    "x-forwarded-proto": url.protocol.slice(0, -1),
    "x-forwarded-path": url.pathname,
    "x-forwarded-prefix": `${prefix}/`,
  };
};
