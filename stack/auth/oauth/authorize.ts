import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import { beginFlow, checkChallenge } from "../flow-state.ts";
import { redirect } from "../landing.ts";
import { findByToken } from "../one-time-tokens.ts";
import { redirectTarget } from "../redirects.ts";
import { type Call, route, userRoute } from "../router.ts";
import { checkManualLinking } from "./identities.ts";
import { type Provider, ProviderFailure } from "./provider.ts";
import { isKnownProvider, isProviderName } from "./providers.ts";

const unsupported = (reason: string) => invalid(`Unsupported provider: ${reason}`);

/** The enabled provider of this name; throws for others. */
export const providerNamed = ({ providers }: AuthContext, name: string): Provider => {
  const known = name.toLowerCase();
  const provider = isProviderName(known) ? providers[known] : undefined;
  if (provider) return provider;
  throw unsupported(
    isKnownProvider(known) ? "provider is not enabled" : `Provider ${known} could not be found`,
  );
};

/** Parameters that are for Auth; all others are for the provider. */
const own = new Set([
  "provider",
  "scopes",
  "code_challenge",
  "code_challenge_method",
  "redirect_to",
  "skip_http_redirect",
  "invite_token",
  "apikey",
]);

const checkInvitation = async ({ database }: AuthContext, token: string): Promise<void> => {
  if (token === "" || (await findByToken(database, [token], ["confirmation_token"]))) return;
  throw new AuthError(404, "user_not_found", "User identified by token not found");
};

/** Notes that a sign-in has begun and returns where at the provider it goes on. */
const begin = async (auth: AuthContext, call: Call, linkTo: string | null): Promise<string> => {
  const query = call.url.searchParams;
  const text = (name: string) => query.get(name) ?? "";
  const provider = providerNamed(auth, text("provider"));
  await checkInvitation(auth, text("invite_token"));
  const challenge = {
    code_challenge: text("code_challenge"),
    code_challenge_method: text("code_challenge_method"),
  };
  checkChallenge(challenge);
  const state = await auth.transaction(call, (work) =>
    beginFlow(work, {
      provider: provider.name,
      method: "oauth",
      challenge,
      referrer: redirectTarget(auth.settings, call),
      inviteToken: text("invite_token") || null,
      linkTo,
    }),
  );
  const extra = new URLSearchParams([...query].filter(([name]) => !own.has(name)));
  const scopes = text("scopes")
    .split(/[\s,]+/)
    .filter(Boolean);
  return provider.authorizationUrl({ state, scopes, extra }).catch((error: unknown) => {
    throw error instanceof ProviderFailure ? unsupported(error.message) : error;
  });
};

/** Sends a browser to a provider to sign in. */
export const authorize = route(
  { method: "GET", path: "/authorize", keyless: true },
  async (auth, call) => redirect(await begin(auth, call, null)),
);

/** Sends a signed-in user to a provider, whose identity shall become one of theirs. */
export const linkIdentity = userRoute(
  { method: "GET", path: "/user/identities/authorize" },
  async (auth, call) => {
    checkManualLinking(auth);
    const url = await begin(auth, call, call.caller.account.user.id);
    const isAsked = call.url.searchParams.get("skip_http_redirect") === "true";
    return isAsked ? Response.json({ url }) : redirect(url);
  },
);
