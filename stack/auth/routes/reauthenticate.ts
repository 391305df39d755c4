import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import { sendReauthentication } from "../letters.ts";
import { userRoute } from "../router.ts";
import { isEmailConfirmed } from "../users.ts";

/** Mails the nonce that a password change asks for when the session is older than a day. */
export const reauthenticate = userRoute(
  { method: "GET", path: "/reauthenticate" },
  async (auth, call) => {
    const { account } = call.caller;
    if (!account.user.email) {
      throw invalid("Reauthentication requires the user to have an email or a phone number");
    }
    if (!isEmailConfirmed(account)) {
      throw new AuthError(422, "email_not_confirmed", "Please verify your email first.");
    }
    await auth.transaction(call, async (work) => {
      await audit(work, account, "user_reauthenticate_requested");
      await sendReauthentication(work, account);
    });
    return Response.json({});
  },
);
