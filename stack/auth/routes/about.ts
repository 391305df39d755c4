import { route } from "../router.ts";
import { type AuthSettings, emailEnabled } from "../settings.ts";

/** Every provider that GoTrue knows, so that clients find a `false` rather than nothing. */
const providers = [
  "apple",
  "azure",
  "bitbucket",
  "discord",
  "facebook",
  "figma",
  "fly",
  "github",
  "gitlab",
  "google",
  "kakao",
  "keycloak",
  "linkedin",
  "linkedin_oidc",
  "notion",
  "slack",
  "slack_oidc",
  "snapchat",
  "spotify",
  "twitch",
  "twitter",
  "workos",
  "x",
  "zoom",
] as const;

export const isProviderEnabled = ({ external }: AuthSettings, name: string): boolean =>
  external[name]?.enabled ?? false;

export const settings = route({ method: "GET", path: "/settings" }, async ({ settings: current }) =>
  Response.json({
    external: {
      anonymous_users: current.enable_anonymous_sign_ins,
      ...Object.fromEntries(providers.map((name) => [name, isProviderEnabled(current, name)])),
      email: emailEnabled(current),
      phone: false,
    },
    disable_signup: !current.enable_signup,
    mailer_autoconfirm: !current.email.enable_confirmations,
    phone_autoconfirm: false,
    sms_provider: "",
    saml_enabled: false,
  }),
);

export const health = route({ method: "GET", path: "/health", keyless: true }, async () =>
  Response.json({
    version: "local",
    name: "GoTrue",
    description: "GoTrue is a user registration and authentication API",
  }),
);

/** The keys with which anybody can verify access tokens on their own. */
export const jwks = route(
  { method: "GET", path: "/.well-known/jwks.json", keyless: true },
  async ({ tokens }) =>
    Response.json(tokens.jwks(), { headers: { "cache-control": "public, max-age=600" } }),
);
