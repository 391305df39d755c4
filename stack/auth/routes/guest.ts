import { randomUUID } from "node:crypto";
import { AuthError } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { askBeforeUserCreated } from "../hooks.ts";
import type { Call } from "../router.ts";
import { beginSession, sessionJson } from "../sessions.ts";
import { insertUser, type Metadata } from "../users.ts";
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
  const grant = await auth.transaction(
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
      await insertUser(work, {
        id,
        email: null,
        passwordHash: "",
        userMetadata: data,
        appMetadata: {},
        isAnonymous: true,
      });
      return beginSession(auth, work, id, "anonymous");
    },
    "Database error creating anonymous user",
  );
  return Response.json(await sessionJson(auth, grant));
};
