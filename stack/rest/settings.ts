import type { Caller } from "../auth/api-keys.ts";
import type { Settings } from "../database/database.ts";
import type { RestRequest } from "./request.ts";
import { restError } from "./rest-error.ts";
import { identifier } from "./sql/statement.ts";

/** The roles that `authenticator` may take on; a token naming another is refused, as on Supabase. */
const requestRoles = new Set(["anon", "authenticated", "service_role"]);

/** What Supabase sets for the roles at login, and PostgREST for each request. */
const timeouts: Readonly<Record<string, string>> = { anon: "3s", authenticated: "8s" };

/** What SQL may ask about the request it runs for: https://docs.postgrest.org/en/v14/references/transactions.html */
export const requestSettings = (
  caller: Caller,
  request: Request,
  { path, schema, preferences: { timezone } }: RestRequest,
  isReadOnly: boolean,
  extraSearchPath: readonly string[],
): Settings => {
  const { role, claims } = caller;
  if (!requestRoles.has(role)) {
    throw restError(403, "42501", `permission denied to set role "${role}"`);
  }
  const { cookie, ...headers } = Object.fromEntries(request.headers);
  return {
    role,
    ...(timeouts[role] && { statement_timeout: timeouts[role] }),
    ...(timezone !== undefined && { timezone }),
    // The session's own search path begins with `public`.
    ...(schema !== "public" && {
      search_path: [schema, ...extraSearchPath].map(identifier).join(", "),
    }),
    ...(isReadOnly && { transaction_read_only: "on" }),
    "request.jwt.claims": JSON.stringify(claims),
    "request.method": request.method,
    "request.path": path,
    "request.headers": JSON.stringify(headers),
    "request.cookies": JSON.stringify(cookiesOf(cookie)),
  };
};

const cookiesOf = (header = ""): Record<string, string> =>
  Object.fromEntries(
    Array.from(header.matchAll(/([^=;\s]+)=([^;]*)/g), ([, name = "", value = ""]) => [
      name,
      value.trim(),
    ]),
  );
