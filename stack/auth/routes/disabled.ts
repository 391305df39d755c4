import { AuthError } from "../auth-error.ts";
import { route } from "../router.ts";
import type { GrantHandler } from "./token.ts";

/** Single sign-on by SAML, which nothing here serves: the answer of a project that has it off. */
export const singleSignOn = route({ method: "POST", path: "/sso" }, async () => {
  throw new AuthError(404, "saml_provider_disabled", "SAML 2.0 is disabled");
});

/** Signing in with a wallet, off as SAML is. */
export const grantWeb3: GrantHandler = async () => {
  throw new AuthError(422, "web3_provider_disabled", "Web3 provider is disabled");
};
