import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { SignedIn } from "../caller.ts";
import type { AuthContext, Work } from "../context.ts";
import { askAboutFactor } from "../hooks.ts";
import { type Call, type Route, Text, userRoute } from "../router.ts";
import {
  activeRefreshToken,
  addMethod,
  endSessions,
  type Grant,
  grantOf,
  rotate,
  sessionJson,
} from "../sessions.ts";
import { lockUser } from "../user-changes.ts";
import {
  type Account,
  type Factor,
  hasVerifiedFactor,
  readAccount,
  type SessionState,
} from "../users.ts";
import {
  addressOf,
  type Challenge,
  deleteChallenge,
  deleteFactor,
  deleteUnverifiedTotpFactors,
  dropAbandonedFactors,
  endWeakSessions,
  findChallenge,
  insertChallenge,
  insertTotpFactor,
  isChallengeExpired,
  lowerSessionsOf,
  markChallengeVerified,
  markFactorVerified,
  raiseSession,
} from "./factors.ts";
import { isTotpCode, newTotpKey, type TotpKey } from "./totp.ts";

const tooMany = () =>
  new AuthError(
    422,
    "too_many_enrolled_mfa_factors",
    "Maximum number of verified factors reached, unenroll to continue",
  );

type FactorKind = "TOTP" | "Phone" | "WebAuthn";

const enrolmentDisabled = (kind: FactorKind) =>
  new AuthError(
    422,
    `mfa_${kind.toLowerCase()}_enroll_not_enabled`,
    `MFA enroll is disabled for ${kind}`,
  );

const verificationDisabled = (kind: FactorKind) =>
  new AuthError(
    422,
    `mfa_${kind.toLowerCase()}_verify_not_enabled`,
    `MFA verification is disabled for ${kind}`,
  );

/** Guests have nothing to protect yet, and no address to recover with. */
const refuseGuests = ({ claims }: SignedIn) => {
  if (claims.is_anonymous) {
    throw new AuthError(
      403,
      "no_authorization",
      "Anonymous user not allowed to perform these actions",
    );
  }
};

const sessionOf = ({ session }: SignedIn): SessionState => {
  if (session) return session;
  throw new AuthError(
    500,
    "unexpected_failure",
    "A valid session and a registered user are required to enroll a factor",
  );
};

const Uuid = z.uuid();

/** The caller's own factor that the path names. */
const factorOf = (caller: SignedIn, { params }: Call): Factor => {
  const id = Uuid.safeParse(params.factor_id);
  if (!id.success) throw new AuthError(404, "validation_failed", "factor_id must be an UUID");
  const factor = caller.account.factors.find((one) => one.id === id.data);
  if (!factor) throw new AuthError(404, "mfa_factor_not_found", "Factor not found");
  return factor;
};

const checkEnrolment = (
  { settings }: AuthContext,
  account: Account,
  session: SessionState,
  friendlyName: string,
) => {
  const { factors } = account;
  if (factors.some(({ friendly_name }) => (friendly_name ?? "") === friendlyName)) {
    throw new AuthError(
      422,
      "mfa_factor_name_conflict",
      `A factor with the friendly name ${JSON.stringify(friendlyName)} for this user already exists`,
    );
  }
  if (factors.length >= settings.mfa.max_enrolled_factors) throw tooMany();
  if (hasVerifiedFactor(account) && session.aal !== "aal2") {
    throw new AuthError(403, "insufficient_aal", "AAL2 required to enroll a new factor");
  }
};

/** A new key; throws for an issuer that does not fit into a QR code, or is no Unicode. */
const keyFor = (issuer: string, account: string): TotpKey => {
  try {
    return newTotpKey(issuer, account);
  } catch (cause) {
    throw new AuthError(400, "validation_failed", "Error generating QR Code", { cause });
  }
};

const Enrolment = z.object({
  factor_type: Text,
  friendly_name: Text,
  issuer: Text,
  phone: Text,
});

const enroll = userRoute(
  { method: "POST", path: "/factors", body: Enrolment },
  async (auth, call) => {
    const { caller, body } = call;
    refuseGuests(caller);
    const session = sessionOf(caller);
    if (body.factor_type === "phone") throw enrolmentDisabled("Phone");
    if (body.factor_type === "webauthn") throw enrolmentDisabled("WebAuthn");
    if (body.factor_type !== "totp") {
      throw invalid("factor_type needs to be totp, phone, or webauthn");
    }
    if (!auth.settings.mfa.totp.enroll_enabled) throw enrolmentDisabled("TOTP");

    const { user } = caller.account;
    const issuer = body.issuer || new URL(auth.settings.site_url).host;
    const key = keyFor(issuer, user.email ?? "");
    const id = await auth.transaction(call, async (work) => {
      // Counted and added by one request at a time.
      await lockUser(work, user.id);
      await dropAbandonedFactors(work);
      checkEnrolment(auth, await readAccount(work, user.id), session, body.friendly_name);
      const made = await insertTotpFactor(work, {
        userId: user.id,
        friendlyName: body.friendly_name,
        secret: key.secret,
      });
      await audit(work, caller.account, "factor_in_progress", { factor_id: made });
      return made;
    });
    return Response.json({
      id,
      type: "totp",
      friendly_name: body.friendly_name,
      totp: { qr_code: key.picture, secret: key.secret, uri: key.uri },
    });
  },
);

/** Throws unless factors of this type may be verified here. */
const checkVerifiable = ({ settings }: AuthContext, { factor_type }: Factor) => {
  if (factor_type === "phone") throw verificationDisabled("Phone");
  if (factor_type === "webauthn") throw verificationDisabled("WebAuthn");
  if (!settings.mfa.totp.verify_enabled) throw verificationDisabled("TOTP");
};

const challenge = userRoute(
  {
    method: "POST",
    path: "/factors/:factor_id/challenge",
    limit: (auth) => auth.limits.factorChallenges,
  },
  async (auth, call) => {
    refuseGuests(call.caller);
    const factor = factorOf(call.caller, call);
    checkVerifiable(auth, factor);
    const { id, expiresAt } = await auth.transaction(call, async (work) => {
      const made = await insertChallenge(work, factor.id);
      await audit(work, call.caller.account, "challenge_created", {
        factor_id: factor.id,
        factor_status: factor.status,
      });
      return made;
    });
    return Response.json({ id, type: factor.factor_type, expires_at: expiresAt });
  },
);

const Verification = z.object({
  challenge_id: z.uuid().default("00000000-0000-0000-0000-000000000000"),
  code: Text,
});

/** The challenge as it can be answered now; an expired one is gone, its refusal is returned. */
const openChallenge = async (
  work: Work,
  factor: Factor,
  challengeId: string,
): Promise<Challenge | AuthError> => {
  const found = await findChallenge(work, factor.id, challengeId);
  if (!found) {
    throw new AuthError(
      422,
      "mfa_factor_not_found",
      "MFA factor with the provided challenge ID not found",
    );
  }
  if (found.verified_at !== null || found.ip_address !== addressOf(work)) {
    throw new AuthError(
      422,
      "mfa_ip_address_mismatch",
      "Challenge and verify IP addresses mismatch.",
    );
  }
  if (!isChallengeExpired(found)) return found;
  await deleteChallenge(work, found.id);
  return new AuthError(
    422,
    "mfa_challenge_expired",
    `MFA challenge ${found.id} has expired, verify against another challenge or create a new challenge.`,
  );
};

/** The session with its second factor; the user's sessions without one end. */
const stepUp = async (
  auth: AuthContext,
  work: Work,
  { caller, factor }: { caller: SignedIn; factor: Factor },
): Promise<Grant> => {
  const session = sessionOf(caller);
  const userId = caller.account.user.id;
  if (factor.status === "unverified") await markFactorVerified(work, factor.id);
  await addMethod(work, session.id, "totp");
  await raiseSession(work, session.id, factor.id);
  const spent = await activeRefreshToken(work, session.id);
  if (!spent) throw new AuthError(500, "unexpected_failure", "The session has no refresh token");
  const refreshToken = await rotate(work, spent);
  await endWeakSessions(work, userId);
  await deleteUnverifiedTotpFactors(work, userId);
  return grantOf(auth, work, { userId, sessionId: session.id, refreshToken, method: "totp" });
};

/** What to answer to a code, if it is wrong or the project's hook says no; its writes stay. */
const refusalOf = async (
  work: Work,
  { caller, factor, valid }: { caller: SignedIn; factor: Factor; valid: boolean },
): Promise<AuthError | null> => {
  const userId = caller.account.user.id;
  const { id: factorId, factor_type: factorType } = factor;
  const rejection = await askAboutFactor(work, { userId, factorId, factorType, valid });
  if (rejection) {
    await endSessions(work, userId);
    return new AuthError(403, "mfa_verification_rejected", rejection.message);
  }
  return valid ? null : new AuthError(422, "mfa_verification_failed", "Invalid TOTP code entered");
};

const verify = userRoute(
  {
    method: "POST",
    path: "/factors/:factor_id/verify",
    body: Verification,
    limit: (auth) => auth.limits.factorVerifications,
  },
  async (auth, call) => {
    const { caller, body } = call;
    refuseGuests(caller);
    const factor = factorOf(caller, call);
    if (body.code === "") throw invalid("Code needs to be non-empty");
    checkVerifiable(auth, factor);
    const outcome = await auth.transaction(call, async (work) => {
      const open = await openChallenge(work, factor, body.challenge_id);
      if (open instanceof AuthError) return open;
      const valid = await isTotpCode(factor.secret ?? "", body.code);
      const refusal = await refusalOf(work, { caller, factor, valid });
      if (refusal) return refusal;
      await audit(work, caller.account, "verification_attempted", {
        factor_id: factor.id,
        challenge_id: open.id,
        factor_type: factor.factor_type,
      });
      await markChallengeVerified(work, open.id);
      return stepUp(auth, work, { caller, factor });
    });
    if (outcome instanceof AuthError) throw outcome;
    return Response.json(await sessionJson(auth, outcome));
  },
);

const unenroll = userRoute(
  { method: "DELETE", path: "/factors/:factor_id" },
  async (auth, call) => {
    const { caller } = call;
    refuseGuests(caller);
    const factor = factorOf(caller, call);
    const session = sessionOf(caller);
    if (factor.status === "verified" && session.aal !== "aal2") {
      throw new AuthError(422, "insufficient_aal", "AAL2 required to unenroll verified factor");
    }
    await auth.transaction(call, async (work) => {
      await deleteFactor(work, factor.id);
      await audit(work, caller.account, "factor_unenrolled", {
        factor_id: factor.id,
        factor_status: factor.status,
        session_id: session.id,
      });
      await lowerSessionsOf(work, factor.id);
    });
    return Response.json({ id: factor.id });
  },
);

/** Two-factor sign-in with an authenticator app. */
export const mfaRoutes: readonly Route[] = [enroll, challenge, verify, unenroll];
