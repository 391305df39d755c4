import type { sessionJson } from "./sessions.ts";

/** Sends the browser on. */
export const redirect = (location: string, status: 302 | 303 = 302): Response =>
  new Response(null, { status, headers: { location } });

type Fields = Readonly<Record<string, string>>;

/** The address with fields in its query. Put together as text, since an app's own scheme need be nothing that a URL parser takes. */
export const addressWith = (target: string, query: Fields): string => {
  const [address = ""] = target.split("#");
  const added = new URLSearchParams(query).toString();
  if (added === "") return address;
  return `${address}${address.includes("?") ? "&" : "?"}${added}`;
};

/** Marks for clients that it was Auth who sent the browser here; only fragments have it. */
const mark = { sb: "" };

/** The address with fields in its fragment, and in its query for a server that shall see them. */
export const withFields = (target: string, fields: Fields, inQuery: boolean): string =>
  `${addressWith(target, inQuery ? fields : {})}#${new URLSearchParams({ ...fields, ...mark })}`;

/** The address with an authorization code, for the client that kept the verifier. */
export const withCode = (target: string, code: string): string => addressWith(target, { code });

type SessionJson = Awaited<ReturnType<typeof sessionJson>>;

/** The address with a session in its fragment, which browsers do not send to servers. */
export const withSession = (target: string, session: SessionJson, more: Fields): string => {
  const { user: _, ...tokens } = session;
  const fields = Object.entries({ ...tokens, ...more }).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return withFields(target, Object.fromEntries(fields.sort()), false);
};
