import type { Route } from "../router.ts";
import { authorize, linkIdentity } from "./authorize.ts";
import { callbacks } from "./callback.ts";
import { unlinkIdentity } from "./identities.ts";

/** Signing in with an account elsewhere, and the identities that come of it. */
export const oauthRoutes: readonly Route[] = [
  authorize,
  ...callbacks,
  linkIdentity,
  unlinkIdentity,
];
