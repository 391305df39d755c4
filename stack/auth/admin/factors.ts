import { z } from "zod";
import { audit } from "../audit.ts";
import { deleteFactor, lowerSessionsOf } from "../mfa/factors.ts";
import { adminRoute, Text } from "../router.ts";
import { factorJson } from "../user-json.ts";
import { readAccount } from "../users.ts";
import { accountOf, factorOf } from "./path.ts";
import { phoneNumber } from "./phone.ts";

export const listFactors = adminRoute(
  { method: "GET", path: "/admin/users/:user_id/factors" },
  async (auth, call) => {
    const { factors } = await accountOf(auth, call);
    return Response.json(factors.map(factorJson));
  },
);

/** For somebody who lost their phone: the next sign-in asks for no second factor. */
export const removeFactor = adminRoute(
  { method: "DELETE", path: "/admin/users/:user_id/factors/:factor_id" },
  async (auth, call) => {
    const account = await accountOf(auth, call);
    const factor = factorOf(account, call);
    await auth.transaction(
      call,
      async (work) => {
        await audit(work, account, "factor_deleted", {
          user_id: account.user.id,
          factor_id: factor.id,
        });
        await deleteFactor(work, factor.id);
        await lowerSessionsOf(work, factor.id);
      },
      "Database error deleting factor",
    );
    return Response.json(factorJson(factor));
  },
);

const Change = z.looseObject({ friendly_name: Text, phone: Text });

export const changeFactor = adminRoute(
  { method: "PUT", path: "/admin/users/:user_id/factors/:factor_id", body: Change },
  async (auth, call) => {
    const account = await accountOf(auth, call);
    const factor = factorOf(account, call);
    const { friendly_name, phone } = call.body;
    const number = phone && factor.factor_type === "phone" ? phoneNumber(phone) : null;
    const changed = await auth.transaction(
      call,
      async (work) => {
        await work.query(
          `update auth.mfa_factors set
             friendly_name = coalesce($2, friendly_name), phone = coalesce($3, phone),
             updated_at = now()
           where id = $1::uuid`,
          [factor.id, friendly_name || null, number],
        );
        await audit(work, "service_role", "factor_updated", {
          user_id: account.user.id,
          factor_id: factor.id,
          factor_type: factor.factor_type,
        });
        return factorOf(await readAccount(work, account.user.id), call);
      },
      "Database error updating factor",
    );
    return Response.json(factorJson(changed));
  },
);
