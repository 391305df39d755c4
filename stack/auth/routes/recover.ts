import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { beginFlow, checkChallenge, usesPkce } from "../flow-state.ts";
import { sendSignInLink } from "../letters.ts";
import { route, Text } from "../router.ts";
import { emailEnabled } from "../settings.ts";
import { findByEmail } from "../users.ts";

const Body = z.looseObject({ email: Text, code_challenge: Text, code_challenge_method: Text });

/** GoTrue's status for this is another from one endpoint to the next. */
export const checkEmailEnabled = ({ settings }: AuthContext, status: 400 | 422): void => {
  if (emailEnabled(settings)) return;
  throw new AuthError(status, "email_provider_disabled", "Email logins are disabled");
};

/** Mails a link to set a new password; an unknown address gets the same answer. */
export const recover = route(
  { method: "POST", path: "/recover", body: Body, limit: ({ limits }) => limits.recoveries },
  async (auth, call) => {
    const { body } = call;
    checkEmailEnabled(auth, 400);
    if (body.email === "") {
      throw new AuthError(400, "validation_failed", "Password recovery requires an email");
    }
    const email = emailAddress(body.email);
    checkChallenge(body);
    const account = await findByEmail(auth.database, email);
    if (account) {
      await auth.transaction(
        call,
        async (work) => {
          await audit(work, account, "user_recovery_requested");
          if (usesPkce(body)) {
            const userId = account.user.id;
            const flow = { userId, provider: "recovery", method: "recovery" } as const;
            await beginFlow(work, { ...flow, challenge: body });
          }
          await sendSignInLink(work, account, "recovery", usesPkce(body));
        },
        "Unable to process request",
      );
    }
    return Response.json({});
  },
);
