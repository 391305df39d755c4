import { createHash } from "node:crypto";
import { z } from "zod";
import { AuthError, invalid, OAuthError } from "../auth-error.ts";
import { signedIn } from "../caller.ts";
import type { AuthContext } from "../context.ts";
import { parseBody, Text } from "../router.ts";
import type { GrantHandler } from "../routes/token.ts";
import { beginSession, sessionJson } from "../sessions.ts";
import {
  audiencesOf,
  BadIdToken,
  type Google,
  googleIssuer,
  type IdToken,
  isIssuedWith,
} from "./google.ts";
import { checkManualLinking } from "./identities.ts";
import { accountFor, linkTo, settling } from "./linking.ts";

const Body = z.looseObject({
  id_token: Text,
  access_token: Text,
  nonce: Text,
  provider: Text,
  client_id: Text,
  issuer: Text,
  link_identity: z.boolean().nullish(),
});
type Body = z.infer<typeof Body>;

const badRequest = (message: string) => new OAuthError("invalid request", message);

const providerOf = ({ providers }: AuthContext, { provider, issuer }: Body): Google => {
  if (provider !== "google" && issuer !== googleIssuer) {
    throw invalid(`Custom OIDC provider ${JSON.stringify(provider)} not allowed`);
  }
  if (providers.google) return providers.google;
  throw new AuthError(
    400,
    "provider_disabled",
    `Provider (issuer ${JSON.stringify(googleIssuer)}) is not enabled`,
  );
};

const checkNonce = ({ nonce: hashed = "" }: IdToken, { nonce }: Body): void => {
  if ((hashed === "") !== (nonce === "")) {
    throw badRequest("Passed nonce and nonce in id_token should either both exist or not.");
  }
  // The provider saw only the hash, so a stolen token is worth nothing without the nonce.
  if (nonce !== "" && createHash("sha256").update(nonce).digest("hex") !== hashed) {
    throw new OAuthError("invalid nonce", "Nonces mismatch");
  }
};

/** The claims of an ID token that is for this project and this client; throws `OAuthError`. */
const verified = async (google: Google, body: Body): Promise<IdToken> => {
  const token = await google.verifyIdToken(body.id_token).catch((error: unknown) => {
    throw error instanceof BadIdToken ? badRequest("Bad ID token") : error;
  });
  if (body.access_token && !isIssuedWith(token, body.access_token))
    throw badRequest("Bad ID token");
  if (!audiencesOf(token).some((one) => google.settings.clientIds.includes(one))) {
    throw badRequest(`Unacceptable audience in id_token: [${audiencesOf(token).join(" ")}]`);
  }
  if (!google.settings.skipNonceCheck) checkNonce(token, body);
  return token;
};

/** Signs in with an ID token that the application got from the provider itself. */
export const grantIdToken: GrantHandler = async (auth, call, given) => {
  const body = parseBody(Body, given);
  if (body.id_token === "") throw badRequest("id_token required");
  if (body.provider === "" && (body.client_id === "" || body.issuer === "")) {
    throw badRequest("provider or client_id and issuer required");
  }
  const google = providerOf(auth, body);
  if (body.link_identity) checkManualLinking(auth);
  const caller = body.link_identity ? await signedIn(auth, call.request) : null;
  const profile = google.profileOfIdToken(await verified(google, body));
  const outcome = await settling(() =>
    auth.transaction(call, async (work) => {
      const account = caller
        ? await linkTo(work, caller.account.user.id, profile)
        : await accountFor(work, profile);
      if (account instanceof AuthError) return account;
      return beginSession(auth, work, account.user.id, "oauth");
    }),
  );
  if (outcome instanceof AuthError) throw outcome;
  return Response.json(await sessionJson(auth, outcome));
};
