import { adminRoutes } from "./admin/routes.ts";
import { mfaRoutes } from "./mfa/routes.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import type { Route } from "./router.ts";
import { health, jwks, openIdConfiguration, settings } from "./routes/about.ts";
import { singleSignOn } from "./routes/disabled.ts";
import { logout } from "./routes/logout.ts";
import { magicLink, otp } from "./routes/one-time-code.ts";
import { reauthenticate } from "./routes/reauthenticate.ts";
import { recover } from "./routes/recover.ts";
import { resend } from "./routes/resend.ts";
import { signUp } from "./routes/sign-up.ts";
import { token } from "./routes/token.ts";
import { getUser, updateUser } from "./routes/user.ts";
import { followLink, verify } from "./routes/verify.ts";

/** All of /auth/v1. */
export const routes: readonly Route[] = [
  signUp,
  token,
  getUser,
  updateUser,
  logout,
  recover,
  otp,
  magicLink,
  resend,
  verify,
  followLink,
  reauthenticate,
  singleSignOn,
  ...mfaRoutes,
  ...oauthRoutes,
  ...adminRoutes,
  settings,
  health,
  jwks,
  openIdConfiguration,
];
