import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import { isPassword, weakPasswordJson } from "../passwords.ts";
import { parseBody, Text } from "../router.ts";
import { beginSession, sessionJson } from "../sessions.ts";
import { findByEmail, isBanned, isEmailConfirmed } from "../users.ts";
import { checkEmailEnabled } from "./recover.ts";
import type { GrantHandler } from "./token.ts";

const Body = z.looseObject({ email: Text, phone: Text, password: Text });

const wrong = () => new AuthError(400, "invalid_credentials", "Invalid login credentials");

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
  if (!(await isPassword(body.password, account.user.encrypted_password))) throw wrong();
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
