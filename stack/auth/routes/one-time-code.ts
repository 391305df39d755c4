import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { beginFlow, checkChallenge, usesPkce } from "../flow-state.ts";
import { sendSignInLink } from "../letters.ts";
import { AddressTaken, register } from "../registration.ts";
import { type Call, Data, route, Text } from "../router.ts";
import { findByEmail, findHolder, isEmailConfirmed } from "../users.ts";
import { checkEmailEnabled } from "./recover.ts";
import { checkSignUpsAllowed } from "./sign-up.ts";

const Body = z.looseObject({
  email: Text,
  phone: Text,
  channel: Text,
  create_user: z.boolean().nullish(),
  data: Data,
  code_challenge: Text,
  code_challenge_method: Text,
});
type Body = z.infer<typeof Body>;

export const otp = route(
  { method: "POST", path: "/otp", body: Body, limit: ({ limits }) => limits.codes },
  async (auth, call) => {
    const { body } = call;
    if (body.email !== "" && body.phone !== "") {
      throw invalid("Only an email address or phone number should be provided");
    }
    if (body.email !== "" && body.channel !== "") {
      throw invalid("Channel should only be specified with Phone OTP");
    }
    checkChallenge(body);
    if (body.phone !== "") {
      throw new AuthError(400, "phone_provider_disabled", "Unsupported phone provider");
    }
    if (body.email === "") throw invalid("One of email or phone must be set");
    const email = emailAddress(body.email);
    if (body.create_user === false && !(await findByEmail(auth.database, email))) {
      throw new AuthError(422, "otp_disabled", "Signups not allowed for otp");
    }
    return mailSignIn(auth, call, email);
  },
);

/** The older name of `otp` for an address. */
export const magicLink = route(
  { method: "POST", path: "/magiclink", body: Body, limit: ({ limits }) => limits.magicLinks },
  async (auth, call) => {
    if (call.body.email === "") {
      throw new AuthError(422, "validation_failed", "Password recovery requires an email");
    }
    checkChallenge(call.body);
    return mailSignIn(auth, call, emailAddress(call.body.email));
  },
);

const mailSignIn = async (
  auth: AuthContext,
  call: Call & { body: Body },
  email: string,
): Promise<Response> => {
  checkEmailEnabled(auth, 422);
  const attempt = () => mailLinkOrConfirmation(auth, call, email);
  await attempt().catch((error: unknown) => {
    if (error instanceof AddressTaken) return attempt();
    throw error;
  });
  return Response.json({});
};

/** A link that signs in; for an address that is new, or never confirmed, the one that confirms it. */
const mailLinkOrConfirmation = async (
  auth: AuthContext,
  call: Call & { body: Body },
  email: string,
): Promise<void> => {
  const { body } = call;
  const holder =
    (await findByEmail(auth.database, email)) ?? (await findHolder(auth.database, email));
  const known = holder && isEmailConfirmed(holder);
  if (!known) checkSignUpsAllowed(auth);
  await auth.transaction(
    call,
    async (work) => {
      const wish = { email, passwordHash: "", data: body.data ?? {} };
      const account = known ? holder : await register(work, holder, wish, body);
      if (!isEmailConfirmed(account)) return;
      await audit(work, account, "user_recovery_requested");
      if (usesPkce(body)) {
        const flow = { provider: "magiclink", method: "magiclink" } as const;
        await beginFlow(work, { ...flow, userId: account.user.id, challenge: body });
      }
      await sendSignInLink(work, account, "magic_link", usesPkce(body));
    },
    "Error sending magic link",
  );
};
