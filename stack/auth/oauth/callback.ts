import { z } from "zod";
import { AuthError, OAuthError } from "../auth-error.ts";
import type { AuthContext, Work } from "../context.ts";
import { endFlow, type FlowState, findFlow, isFlowExpired, issueCode } from "../flow-state.ts";
import { redirect, withCode, withSession } from "../landing.ts";
import { findByToken } from "../one-time-tokens.ts";
import { type Call, type Route, route } from "../router.ts";
import { beginSession, type Grant, sessionJson } from "../sessions.ts";
import type { Account } from "../users.ts";
import { providerNamed } from "./authorize.ts";
import { BadIdToken } from "./google.ts";
import { acceptInvitation, accountFor, linkTo, settling } from "./linking.ts";
import { type Profile, ProfileIncomplete } from "./profile.ts";
import { ProviderFailure, type ProviderTokens } from "./provider.ts";
import { isTellable, type Tellable, withError, withErrorInQuery } from "./redirect.ts";

const badState = (message: string) => new AuthError(400, "bad_oauth_state", message);

const alreadyUsed = () =>
  new AuthError(400, "flow_state_already_used", "State has already been used");

/** The sign-in that a provider's answer belongs to; throws when there is none, or no longer. */
const flowOf = async ({ database }: AuthContext, answer: URLSearchParams): Promise<FlowState> => {
  const state = answer.get("state") ?? "";
  if (state === "") {
    throw new AuthError(400, "bad_oauth_callback", "OAuth state parameter missing");
  }
  if (!z.uuid().safeParse(state).success) {
    throw badState("OAuth state parameter is invalid");
  }
  const flow = await findFlow(database, state);
  if (!flow) throw badState("OAuth state not found or expired");
  if (isFlowExpired(flow)) throw badState("OAuth state has expired");
  if (flow.user_id) throw alreadyUsed();
  return flow;
};

const failure = (message: string, cause: unknown) =>
  new AuthError(500, "unexpected_failure", message, { cause });

/** Asks the provider who it is that came back. */
const identify = async (
  auth: AuthContext,
  flow: FlowState,
  answer: URLSearchParams,
): Promise<{ profile: Profile; tokens: ProviderTokens }> => {
  const refused = answer.get("error");
  if (refused) throw new OAuthError(refused, answer.get("error_description") ?? "");
  const code = answer.get("code");
  if (!code) {
    throw new AuthError(
      400,
      "bad_oauth_callback",
      "OAuth callback with missing authorization code missing",
    );
  }
  const provider = providerNamed(auth, flow.provider_type);
  const tokens = await provider.exchange(code).catch((error: unknown) => {
    if (!(error instanceof ProviderFailure)) throw error;
    throw failure(`Unable to exchange external code: ${code.slice(0, 4)}`, error);
  });
  const profile = await provider.profile(tokens).catch((error: unknown) => {
    if (error instanceof ProfileIncomplete) throw failure(error.message, error);
    if (!(error instanceof ProviderFailure || error instanceof BadIdToken)) throw error;
    throw failure("Error getting user profile from external provider", error);
  });
  return { profile, tokens };
};

const invited = async (work: Work, token: string): Promise<Account> => {
  const found = await findByToken(work, [token], ["confirmation_token"]);
  if (!found) throw new AuthError(404, "invite_not_found", "Invite not found");
  return found.account;
};

const settleAccount = async (work: Work, flow: FlowState, profile: Profile) => {
  if (flow.linking_target_id) return linkTo(work, flow.linking_target_id, profile);
  if (flow.invite_token) {
    return acceptInvitation(work, await invited(work, flow.invite_token), profile);
  }
  return accountFor(work, profile);
};

/** A code for the client that kept a verifier, or a session for the one that did not. */
type Outcome = { code: string } | { grant: Grant };

const complete = async (
  auth: AuthContext,
  work: Work,
  { flow, profile, tokens }: { flow: FlowState; profile: Profile; tokens: ProviderTokens },
): Promise<Outcome | AuthError> => {
  const account = await settleAccount(work, flow, profile);
  if (account instanceof AuthError) return account;
  const { id } = account.user;
  if (!flow.code_challenge) {
    await endFlow(work, flow);
    return { grant: await beginSession(auth, work, id, "oauth") };
  }
  const { affected } = await work.query(
    `update auth.flow_state
     set user_id = $2::uuid, provider_access_token = $3, provider_refresh_token = $4
     where id = $1::uuid and user_id is null`,
    [flow.id, id, tokens.accessToken, tokens.refreshToken],
  );
  if (affected === 0) throw alreadyUsed();
  return { code: await issueCode(work, flow) };
};

const providerFields = ({ accessToken, refreshToken }: ProviderTokens) => ({
  provider_token: accessToken,
  ...(refreshToken && { provider_refresh_token: refreshToken }),
});

const signIn = async (
  auth: AuthContext,
  call: Call,
  { flow, answer, target }: { flow: FlowState; answer: URLSearchParams; target: string },
): Promise<Response> => {
  const { profile, tokens } = await identify(auth, flow, answer);
  const outcome = await settling(() =>
    auth.transaction(call, (work) => complete(auth, work, { flow, profile, tokens })),
  );
  if (outcome instanceof AuthError) throw outcome;
  return redirect(
    "code" in outcome
      ? withCode(target, outcome.code)
      : withSession(target, await sessionJson(auth, outcome.grant), providerFields(tokens)),
  );
};

/** Answers a refusal by a redirect; the browser must not be left standing here. */
const telling = (location: (error: Tellable) => string, status: 302 | 303) => (error: unknown) => {
  if (isTellable(error)) return redirect(location(error), status);
  throw error;
};

const answered = async (auth: AuthContext, call: Call, answer: URLSearchParams) => {
  const { site_url } = auth.settings;
  const flow = await flowOf(auth, answer).catch(
    telling((error) => withErrorInQuery(site_url, error), 303),
  );
  if (flow instanceof Response) return flow;
  const target = flow.referrer || site_url;
  return signIn(auth, call, { flow, answer, target }).catch(
    telling((error) => withError(target, error), 302),
  );
};

/** Where providers send browsers back to, with a code or a refusal. */
export const callbacks: readonly Route[] = [
  route({ method: "GET", path: "/callback", keyless: true }, (auth, call) =>
    answered(auth, call, call.url.searchParams),
  ),
  route({ method: "POST", path: "/callback", keyless: true }, async (auth, call) =>
    answered(auth, call, new URLSearchParams(await call.request.text())),
  ),
];
