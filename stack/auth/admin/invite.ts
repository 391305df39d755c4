import { z } from "zod";
import { audit } from "../audit.ts";
import { emailAddress } from "../email-address.ts";
import { sendInvitation } from "../letters.ts";
import { AddressTaken, createAccount } from "../registration.ts";
import { adminRoute, Data, Text } from "../router.ts";
import { userJson } from "../user-json.ts";
import { findByEmail, isEmailConfirmed, readAccount } from "../users.ts";
import { traitsOf } from "./path.ts";
import { emailExists } from "./user-params.ts";

const Body = z.looseObject({ email: Text, data: Data });

/** Makes an account without a password and mails its owner the way in; again if they never came. */
export const invite = adminRoute(
  { method: "POST", path: "/invite", body: Body },
  async (auth, call) => {
    const email = emailAddress(call.body.email);
    const invited = await findByEmail(auth.database, email);
    if (invited && isEmailConfirmed(invited)) throw emailExists();
    const account = await auth
      .transaction(
        call,
        async (work) => {
          const wish = { email, passwordHash: "", data: call.body.data ?? {} };
          const one = invited ?? (await createAccount(work, wish));
          await audit(work, "service_role", "user_invited", traitsOf(one));
          await sendInvitation(work, one);
          return readAccount(work, one.user.id);
        },
        "Database error saving new user",
      )
      .catch((error: unknown) => {
        throw error instanceof AddressTaken ? emailExists() : error;
      });
    return Response.json(userJson(account));
  },
);
