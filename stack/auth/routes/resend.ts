import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import { emailAddress } from "../email-address.ts";
import { sendConfirmation, sendEmailChange } from "../letters.ts";
import { route, Text } from "../router.ts";
import { findByEmail, isEmailConfirmed } from "../users.ts";
import { checkEmailEnabled } from "./recover.ts";

const Body = z.looseObject({ type: Text, email: Text, phone: Text });

/** Sends a confirmation mail once more; says nothing of whether there was one to send. */
export const resend = route(
  { method: "POST", path: "/resend", body: Body, limit: ({ limits }) => limits.resends },
  async (auth, call) => {
    const { type, email, phone } = call.body;
    if (!["signup", "email_change", "sms", "phone_change"].includes(type)) {
      throw invalid("Missing one of these types: signup, email_change, sms, phone_change");
    }
    if (type === "signup" && email === "") {
      throw invalid("Type provided requires an email address");
    }
    if (type === "sms" && phone === "") throw invalid("Type provided requires a phone number");
    if (email !== "" && phone !== "") {
      throw invalid("Only an email address or phone number should be provided.");
    }
    if (phone !== "") {
      throw new AuthError(400, "phone_provider_disabled", "Phone logins are disabled");
    }
    if (email === "") throw invalid("Missing email address or phone number");
    checkEmailEnabled(auth, 400);

    const account = await findByEmail(auth.database, emailAddress(email));
    if (account && type === "signup" && !isEmailConfirmed(account)) {
      await auth.transaction(call, async (work) => {
        await audit(work, account, "user_confirmation_requested");
        await sendConfirmation(work, account, false);
      });
    }
    const pending = account?.user.email_change;
    if (account && pending && type === "email_change") {
      await auth.transaction(call, (work) => sendEmailChange(work, account, pending, false));
    }
    return Response.json({});
  },
);
