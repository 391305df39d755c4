import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, OAuthError } from "../auth-error.ts";
import type { AuthContext, Work } from "../context.ts";
import { parseBody, Text } from "../router.ts";
import {
  activeRefreshToken,
  type Grant,
  grantOf,
  lockRefreshToken,
  noteRefresh,
  type Presented,
  type RefreshToken,
  revokeFamily,
  rotate,
  sessionJson,
} from "../sessions.ts";
import type { AuthSettings } from "../settings.ts";
import { isBanned } from "../users.ts";
import type { GrantHandler } from "./token.ts";

const Body = z.looseObject({ refresh_token: Text });

const refused = (code: string, reason: string) =>
  new AuthError(400, code, `Invalid Refresh Token: ${reason}`);

const unknown = () => refused("refresh_token_not_found", "Refresh Token Not Found");

export const grantRefresh: GrantHandler = async (auth, call, given) => {
  const { refresh_token } = parseBody(Body, given);
  if (refresh_token === "") throw new OAuthError("invalid_request", "refresh_token required");
  const outcome = await auth.transaction(call, (work) => refresh(auth, work, refresh_token));
  if (outcome instanceof AuthError) throw outcome;
  return Response.json(await sessionJson(auth, outcome));
};

/** A new grant; or the refusal of a token used twice, for which the session's tokens were revoked. */
const refresh = async (
  auth: AuthContext,
  work: Work,
  given: string,
): Promise<Grant | AuthError> => {
  const token = await lockRefreshToken(work, given);
  if (!token) throw unknown();
  if (isBanned(token)) throw refused("user_banned", "User Banned");
  checkAlive(auth.settings, token);

  const next = await successor(work, auth.settings, token);
  if (next instanceof AuthError) return next;
  await audit(work, token, next ? "token_refreshed" : ["token_refreshed", "token_revoked"]);
  const refreshToken = next ?? (await rotate(work, token));
  await noteRefresh(work, token.session_id);
  return grantOf(auth, work, {
    userId: token.user_id,
    sessionId: token.session_id,
    refreshToken,
    method: "token_refresh",
  });
};

/** The session's current token for a client that missed it; null when a new one is due. */
const successor = async (
  work: Work,
  settings: AuthSettings,
  token: RefreshToken,
): Promise<string | null | AuthError> => {
  if (!token.revoked) return null;
  const active = await activeRefreshToken(work, token.session_id);
  if (active?.parent === token.token) return active.token;
  const reusableUntil = Date.parse(token.updated_at) + settings.refresh_token_reuse_interval * 1000;
  if (Date.now() <= reusableUntil) return null;
  if (settings.enable_refresh_token_rotation) await revokeFamily(work, token.session_id);
  return refused("refresh_token_already_used", "Already Used");
};

/** Throws for a session past its end by `[auth.sessions]`. */
const checkAlive = (
  { sessions }: AuthSettings,
  { session, updated_at }: Presented,
  now = Date.now(),
): void => {
  const past = (since: string | number, seconds: number) =>
    now > (typeof since === "number" ? since : Date.parse(since)) + seconds * 1000;
  const end = (detail = "") => refused("session_expired", `Session Expired${detail}`);
  if (session.not_after && past(session.not_after, 0)) throw end();
  if (sessions.timebox && past(session.created_at, sessions.timebox)) throw end();
  const lastRefreshed = session.refreshed_at
    ? Date.parse(`${session.refreshed_at}Z`)
    : Math.max(Date.parse(session.created_at), Date.parse(updated_at));
  if (sessions.inactivity_timeout && past(lastRefreshed, sessions.inactivity_timeout)) {
    throw end(" (Inactivity)");
  }
};
