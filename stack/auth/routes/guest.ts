import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { isDatabaseError } from "../../database/database.ts";
import { AuthError, databaseFailure } from "../auth-error.ts";
import type { AuthContext, Reader } from "../context.ts";
import { askBeforeUserCreated } from "../hooks.ts";
import type { Call } from "../router.ts";
import { type Grant, grantOf, newRefreshToken, sessionJson } from "../sessions.ts";
import type { Metadata } from "../user-changes.ts";
import { instance } from "../users.ts";
import { checkSignUpsAllowed } from "./sign-up.ts";

/** Creates an anonymous user and signs it in. */
export const signUpGuest = async (
  auth: AuthContext,
  call: Call,
  data: Metadata,
): Promise<Response> => {
  if (!auth.settings.enable_anonymous_sign_ins) {
    throw new AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled");
  }
  auth.limits.guests.take(call.ip);
  checkSignUpsAllowed(auth);
  const grant = await createGuest(auth, call, data);
  return Response.json(await sessionJson(auth, grant));
};

const failure = "Database error creating anonymous user";

/** A guest is one statement, unless hooks want a part in its transaction. */
const createGuest = (auth: AuthContext, call: Call, data: Metadata): Promise<Grant> => {
  const { before_user_created, custom_access_token } = auth.settings.hook;
  if (!before_user_created.enabled && !custom_access_token.enabled) {
    return insertGuest(auth.database, call, randomUUID(), data).then(
      (issue) => ({ ...issue, claims: null }),
      (error: unknown) => {
        const cause = error instanceof AuthError ? error.cause : null;
        throw isDatabaseError(cause) ? databaseFailure(failure, cause) : error;
      },
    );
  }
  return auth.transaction(
    call,
    async (work) => {
      const id = randomUUID();
      await askBeforeUserCreated(work, {
        id,
        aud: "authenticated",
        role: "",
        email: "",
        phone: "",
        app_metadata: {},
        user_metadata: data,
        identities: [],
        is_anonymous: true,
      });
      return grantOf(auth, work, await insertGuest(work, call, id, data));
    },
    failure,
  );
};

const guestStatement = `
  with guest as (
    insert into auth.users (
      instance_id, id, aud, role, encrypted_password, raw_app_meta_data, raw_user_meta_data,
      is_anonymous, confirmation_token, recovery_token, email_change, email_change_token_new,
      last_sign_in_at, created_at, updated_at
    )
    values (
      '${instance}', $1::uuid, 'authenticated', 'authenticated', '', '{}', $2::jsonb,
      true, '', '', '', '', now(), now(), now()
    )
    returning id
  ),
  session as (
    insert into auth.sessions (id, user_id, aal, user_agent, ip, created_at, updated_at)
    select $3::uuid, guest.id, 'aal1', nullif($4, ''), nullif($5, '')::inet, now(), now()
    from guest
    returning id, user_id
  ),
  method as (
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    select gen_random_uuid(), session.id, 'anonymous', now(), now() from session
  )
  insert into auth.refresh_tokens (
    instance_id, token, user_id, session_id, revoked, created_at, updated_at
  )
  select '${instance}', $6, session.user_id, session.id, false, now(), now() from session`;

const insertGuest = async (reader: Reader, { request, ip }: Call, id: string, data: Metadata) => {
  const sessionId = randomUUID();
  const refreshToken = newRefreshToken();
  await reader.query(guestStatement, [
    id,
    JSON.stringify(data),
    sessionId,
    request.headers.get("user-agent") ?? "",
    isIP(ip) ? ip : "",
    refreshToken,
  ]);
  return { userId: id, sessionId, refreshToken, method: "anonymous" } as const;
};
