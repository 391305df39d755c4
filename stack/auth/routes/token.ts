import { z } from "zod";
import { AuthError } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { grantIdToken } from "../oauth/id-token.ts";
import { type Call, route } from "../router.ts";
import { grantWeb3 } from "./disabled.ts";
import { grantPassword } from "./grant-password.ts";
import { grantPkce } from "./grant-pkce.ts";
import { grantRefresh } from "./grant-refresh.ts";

/** Exchanges what the body holds for a session. */
export type GrantHandler = (
  auth: AuthContext,
  call: Call,
  body: Readonly<Record<string, unknown>>,
) => Promise<Response>;

const grants = new Map<string, GrantHandler>([
  ["password", grantPassword],
  ["refresh_token", grantRefresh],
  ["pkce", grantPkce],
  ["id_token", grantIdToken],
  ["web3", grantWeb3],
]);

export const token = route(
  {
    method: "POST",
    path: "/token",
    body: z.looseObject({}),
    limit: ({ limits }) => limits.tokens,
  },
  async (auth, call) => {
    const grant = grants.get(call.url.searchParams.get("grant_type") ?? "");
    if (!grant) throw new AuthError(400, "invalid_credentials", "unsupported_grant_type");
    return grant(auth, call, call.body);
  },
);
