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

/** What Supabase's gateway tells a function of where a request came in and from whom. */
export const forwardedHeaders = (
  url: URL,
  headers: Pick<Headers, "get">,
  peer = "127.0.0.1",
): Record<string, string> => {
  const earlier = headers.get("x-forwarded-for");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return {
    host: url.host,
    "x-forwarded-for": earlier ? `${earlier}, ${peer}` : peer,
    "x-real-ip": headers.get("x-real-ip") ?? peer,
    "x-forwarded-host": url.hostname,
    "x-forwarded-port": port,
    "x-forwarded-proto": url.protocol.slice(0, -1),
    "x-forwarded-path": url.pathname,
    "x-forwarded-prefix": `${prefix}/`,
  };
};
