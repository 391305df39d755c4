import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { type Challenge, checkChallenge } from "../flow-state.ts";
import { checkPassword, hashPassword } from "../passwords.ts";
import { AddressTaken, inventedUser, register } from "../registration.ts";
import { type Call, Data, route, Text } from "../router.ts";
import { beginSession, sessionJson } from "../sessions.ts";
import { emailEnabled } from "../settings.ts";
import type { Metadata } from "../user-changes.ts";
import { userJson } from "../user-json.ts";
import { type Account, findHolder, isEmailConfirmed } from "../users.ts";
import { signUpGuest } from "./guest.ts";

const Body = z.looseObject({
  email: Text,
  phone: Text,
  password: Text,
  data: Data,
  code_challenge: Text,
  code_challenge_method: Text,
});

export const signUp = route({ method: "POST", path: "/signup", body: Body }, async (auth, call) => {
  const { body } = call;
  const data = body.data ?? {};
  if (body.email === "" && body.phone === "") return signUpGuest(auth, call, data);

  auth.limits.signUps.take(call.ip);
  checkSignUpsAllowed(auth);
  if (body.password === "") throw invalid("Signup requires a valid password");
  checkPassword(auth.settings, body.password);
  if (body.email !== "" && body.phone !== "") {
    throw invalid("Only an email address or phone number should be provided on signup.");
  }
  if (body.email === "") {
    throw new AuthError(400, "phone_provider_disabled", "Phone signups are disabled");
  }
  checkChallenge(body);
  if (!emailEnabled(auth.settings)) {
    throw new AuthError(400, "email_provider_disabled", "Email signups are disabled");
  }
  const wish = { email: emailAddress(body.email), password: body.password, data };
  return signUpWithPassword(auth, call, wish, body).catch((error: unknown) => {
    // Lost against another sign-up with the address: now there is somebody to find.
    if (error instanceof AddressTaken) return signUpWithPassword(auth, call, wish, body);
    throw error;
  });
});

export const checkSignUpsAllowed = ({ settings }: AuthContext): void => {
  if (settings.enable_signup) return;
  throw new AuthError(422, "signup_disabled", "Signups not allowed for this instance");
};

const signUpWithPassword = async (
  auth: AuthContext,
  call: Call,
  wish: { email: string; password: string; data: Metadata },
  challenge: Challenge,
): Promise<Response> => {
  const holder = await findHolder(auth.database, wish.email);
  if (holder && isEmailConfirmed(holder)) return repeated(auth, call, holder, wish);

  const passwordHash = holder ? "" : await hashPassword(wish.password);
  const outcome = await auth.transaction(call, async (work) => {
    const account = await register(work, holder, { ...wish, passwordHash }, challenge);
    if (!isEmailConfirmed(account)) return account;
    await audit(work, account, "login", { provider: "email" });
    return beginSession(auth, work, account.user.id, "password");
  });
  if ("claims" in outcome) return Response.json(await sessionJson(auth, outcome));
  return Response.json(userJson(withoutInvitation(outcome)));
};

/** Who was invited has data that a stranger who signs up with the address must not see. */
const withoutInvitation = (account: Account): Account =>
  account.user.invited_at
    ? { ...account, user: { ...account.user, raw_user_meta_data: {} }, identities: [] }
    : account;

const repeated = async (
  auth: AuthContext,
  call: Call,
  holder: Account,
  { email, data }: { email: string; data: Metadata },
): Promise<Response> => {
  await auth.transaction(call, (work) =>
    audit(work, holder, "user_repeated_signup", { provider: "email" }),
  );
  if (auth.settings.email.enable_confirmations) return Response.json(inventedUser(email, data));
  throw new AuthError(422, "user_already_exists", "User already registered");
};
