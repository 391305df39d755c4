import { knownProviders } from "../oauth/providers.ts";
import { route } from "../router.ts";
import { type AuthSettings, emailEnabled } from "../settings.ts";

const isProviderEnabled = ({ external }: AuthSettings, name: string): boolean =>
  external[name]?.enabled ?? false;

export const settings = route({ method: "GET", path: "/settings" }, async ({ settings: current }) =>
  Response.json({
    external: {
      anonymous_users: current.enable_anonymous_sign_ins,
      ...Object.fromEntries(knownProviders.map((name) => [name, isProviderEnabled(current, name)])),
      email: emailEnabled(current),
      phone: false,
    },
    disable_signup: !current.enable_signup,
    mailer_autoconfirm: !current.email.enable_confirmations,
    phone_autoconfirm: false,
    sms_provider: "",
    saml_enabled: false,
    saml_private_key_next_configured: false,
    passkeys_enabled: false,
  }),
);

export const health = route({ method: "GET", path: "/health", keyless: true }, async () =>
  Response.json({
    version: "local",
    name: "GoTrue",
    description: "GoTrue is a user registration and authentication API",
  }),
);

const cacheable = { headers: { "cache-control": "public, max-age=600" } };

/** The keys with which anybody can verify access tokens on their own. */
export const jwks = route(
  { method: "GET", path: "/.well-known/jwks.json", keyless: true },
  async ({ tokens }) => Response.json(tokens.jwks(), cacheable),
);

/**
 * Where a library that is told the issuer alone finds the keys. GoTrue names the endpoints of its
 * OAuth server here also where that is off, as it is here.
 */
export const openIdConfiguration = route(
  { method: "GET", path: "/.well-known/openid-configuration", keyless: true },
  async ({ issuer }) => {
    const base = issuer.replace(/\/+$/, "");
    const configuration = {
      issuer,
      authorization_endpoint: `${base}/oauth/authorize`,
      token_endpoint: `${base}/oauth/token`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      userinfo_endpoint: `${base}/oauth/userinfo`,
      scopes_supported: ["openid", "profile", "email", "phone"],
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256", "HS256", "ES256"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      code_challenge_methods_supported: ["S256", "plain"],
    };
    return Response.json(configuration, cacheable);
  },
);
