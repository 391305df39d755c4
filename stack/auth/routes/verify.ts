import { z } from "zod";
import { phoneNumber } from "../admin/phone.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext, Work } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { findFlowOf, issueCode } from "../flow-state.ts";
import { redirect, withCode, withFields, withSession } from "../landing.ts";
import { hashOf, pkcePrefix } from "../one-time-tokens.ts";
import { redirectTarget } from "../redirects.ts";
import { route, Text } from "../router.ts";
import { beginSession, type Grant, type Method, sessionJson } from "../sessions.ts";
import { refreshProviders } from "../user-changes.ts";
import {
  confirm,
  findPending,
  isVerificationType,
  singleConfirmation,
  type Verification,
} from "../verification.ts";

const Body = z.looseObject({
  type: Text,
  token: Text,
  token_hash: Text,
  email: Text,
  phone: Text,
  redirect_to: Text,
});
type Body = z.infer<typeof Body>;

/** A code with its address, or a link's hash alone, exchanged for a session. */
export const verify = route(
  { method: "POST", path: "/verify", body: Body, limit: ({ limits }) => limits.verifications },
  async (auth, call) => {
    const verification = verificationOf(call.body);
    const grant = await auth.transaction(call, async (work) => {
      const userId = await settle(work, verification);
      return userId && beginSession(auth, work, userId, "otp");
    });
    if (!grant) return Response.json({ msg: singleConfirmation, code: "200" });
    return Response.json(await sessionJson(auth, grant));
  },
);

/** Where the links in mails lead: verifies, then sends the browser on with a session or a code. */
export const followLink = route(
  {
    method: "GET",
    path: "/verify",
    keyless: true,
    limit: ({ limits }) => limits.verifications,
  },
  async (auth, call) => {
    const hash = call.url.searchParams.get("token") ?? "";
    const type = call.url.searchParams.get("type") ?? "";
    if (type === "") throw invalid("Verify requires a verification type");
    if (hash === "") throw invalid("Verify requires a token or a token hash");
    const pkce = hash.startsWith(pkcePrefix);
    const target = redirectTarget(auth.settings, call);
    const message = "Email link is invalid or has expired";
    try {
      const outcome = await auth.transaction(call, (work) =>
        follow(auth, work, { type, hashes: [hash], message }, pkce),
      );
      return redirect(await landing(auth, target, type, outcome, pkce), 303);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return redirect(withError(target, error, pkce), 303);
    }
  },
);

type Outcome = { grant: Grant } | { code: string } | "half";

const follow = async (
  auth: AuthContext,
  work: Work,
  verification: Verification,
  pkce: boolean,
): Promise<Outcome> => {
  const userId = await settle(work, verification);
  if (!userId) return "half";
  if (!pkce) return { grant: await beginSession(auth, work, userId, "otp") };
  const flow = await findFlowOf(work, userId, flowMethod(verification.type));
  if (!flow) {
    throw new AuthError(
      400,
      "flow_state_not_found",
      "No associated flow state found. No valid flow state found for user.",
    );
  }
  return { code: await issueCode(work, flow) };
};

const flowMethod = (type: string): Method => {
  switch (type) {
    case "recovery":
    case "magiclink":
    case "invite":
    case "email_change":
      return type;
    default:
      return "email/signup";
  }
};

/** Confirms what the secret stands for; the user, or null when another mail is to be followed too. */
const settle = async (work: Work, verification: Verification): Promise<string | null> => {
  const pending = await findPending(work, verification);
  if (!(await confirm(work, pending))) return null;
  const { id } = pending.account.user;
  await refreshProviders(work, id);
  return id;
};

/** As `emailAddress`; GoTrue answers 422 here and 400 elsewhere. */
const readAddress = (text: string): string => {
  try {
    return emailAddress(text);
  } catch (cause) {
    throw new AuthError(422, "validation_failed", "Invalid email format", { cause });
  }
};

const verificationOf = (body: Body): Verification => {
  if (body.type === "") throw invalid("Verify requires a verification type");
  if ((body.token === "") === (body.token_hash === "")) {
    throw invalid("Verify requires either a token or a token hash");
  }
  if (body.token_hash !== "") {
    if (body.email !== "" || body.phone !== "" || body.redirect_to !== "") {
      throw invalid("Only the token_hash and type should be provided");
    }
    const message = "Email link is invalid or has expired";
    return { type: body.type, hashes: [body.token_hash], message };
  }
  if ((body.email === "") === (body.phone === "")) {
    throw invalid("Only an email address or phone number should be provided on verify");
  }
  const message = "Token has expired or is invalid";
  // Numbers get no codes here, so none is right; an unknown type finds none either.
  if (body.phone !== "") phoneNumber(body.phone);
  if (body.phone !== "" || !isVerificationType(body.type)) {
    throw new AuthError(403, "otp_expired", message);
  }
  const hash = hashOf(readAddress(body.email), body.token);
  return { type: body.type, hashes: [hash, pkcePrefix + hash], message };
};

const oauthErrors: Readonly<Record<number, string>> = {
  400: "invalid_request",
  401: "unauthorized_client",
  403: "access_denied",
  500: "server_error",
};

const withError = (target: string, error: AuthError, pkce: boolean): string => {
  const kind = oauthErrors[error.status];
  const fields = {
    ...(kind && { error: kind }),
    error_code: error.code,
    error_description: error.message,
  };
  return withFields(target, fields, pkce);
};

const landing = async (
  auth: AuthContext,
  target: string,
  type: string,
  outcome: Outcome,
  pkce: boolean,
): Promise<string> => {
  if (outcome === "half") return withFields(target, { message: singleConfirmation }, pkce);
  if ("code" in outcome) return withCode(target, outcome.code);
  return withSession(target, await sessionJson(auth, outcome.grant), { type });
};
