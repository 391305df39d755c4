import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { askAboutPassword } from "../hooks.ts";
import { isPassword, weakPasswordJson } from "../passwords.ts";
import { type Call, parseBody, Text } from "../router.ts";
import { beginSession, endSessions, sessionJson } from "../sessions.ts";
import { findByEmail, isBanned, isEmailConfirmed } from "../users.ts";
import { checkEmailEnabled } from "./recover.ts";
import type { GrantHandler } from "./token.ts";

const Body = z.looseObject({ email: Text, phone: Text, password: Text });

const wrong = () => new AuthError(400, "invalid_credentials", "Invalid login credentials");

/** Asks the project's hook, whose own writes stay whatever comes of the sign-in. */
const tellHook = async (
  auth: AuthContext,
  call: Call,
  userId: string,
  valid: boolean,
): Promise<void> => {
  if (!auth.settings.hook.password_verification_attempt.enabled) return;
  const rejection = await auth.transaction(call, async (work) => {
    const answer = await askAboutPassword(work, { userId, valid });
    if (answer?.logOut) await endSessions(work, userId);
    return answer;
  });
  if (rejection) throw new AuthError(400, "invalid_credentials", rejection.message);
};

export const grantPassword: GrantHandler = async (auth, call, given) => {
  const body = parseBody(Body, given);
  if (body.email !== "" && body.phone !== "") {
    throw invalid("Only an email address or phone number should be provided on login.");
  }
  if (body.email === "" && body.phone === "") throw invalid("missing email or phone");
  if (body.email === "") {
    throw new AuthError(422, "phone_provider_disabled", "Phone logins are disabled");
  }
  checkEmailEnabled(auth, 422);

  const account = await findByEmail(auth.database, body.email.toLowerCase());
  if (!account?.user.encrypted_password) throw wrong();
  if (isBanned(account)) throw new AuthError(400, "user_banned", "User is banned");
  const valid = await isPassword(body.password, account.user.encrypted_password);
  await tellHook(auth, call, account.user.id, valid);
  if (!valid) throw wrong();
  if (!isEmailConfirmed(account)) {
    throw new AuthError(400, "email_not_confirmed", "Email not confirmed");
  }

  const grant = await auth.transaction(call, async (work) => {
    await audit(work, account, "login", { provider: "email" });
    return beginSession(auth, work, account.user.id, "password");
  });
  const weak = weakPasswordJson(auth.settings, body.password);
  return Response.json({
    ...(await sessionJson(auth, grant)),
    ...(weak && { weak_password: weak }),
  });
};
