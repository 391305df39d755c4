import type { Account, SessionState } from "./users.ts";

/** Methods that make a session one of two factors. */
const secondFactors = new Set(["totp", "mfa/phone", "mfa/webauthn"]);

/** The claims of an access token as Supabase Auth issues them; `iat` and `exp` come on signing. */
export const accessClaims = ({ user }: Account, session: SessionState, issuer: string) => ({
  iss: issuer,
  sub: user.id,
  aud: user.aud ?? "",
  email: user.email ?? "",
  phone: user.phone ?? "",
  app_metadata: user.raw_app_meta_data ?? {},
  user_metadata: user.raw_user_meta_data ?? {},
  role: user.role ?? "",
  aal: session.amr.some(({ method }) => secondFactors.has(method)) ? "aal2" : "aal1",
  amr: session.amr,
  session_id: session.id,
  is_anonymous: user.is_anonymous,
});

export type AccessClaims = ReturnType<typeof accessClaims>;
