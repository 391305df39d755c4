import { z } from "zod";
import { askProvider } from "./ask.ts";
import { profileOf } from "./profile.ts";
import {
  type Provider,
  ProviderFailure,
  type ProviderSettings,
  withParameters,
} from "./provider.ts";

const githubSite = "https://github.com";
const githubApi = "https://api.github.com";

/** Refusals come as 200 with an `error`. */
const Tokens = z.union([
  z.looseObject({ access_token: z.string(), refresh_token: z.string().default("") }),
  z.looseObject({ error: z.string(), error_description: z.string().default("") }),
]);

const User = z.looseObject({
  id: z.int(),
  login: z.string(),
  name: z
    .string()
    .nullish()
    .transform((name) => name ?? ""),
  avatar_url: z.string().default(""),
});

const Emails = z.array(
  z.looseObject({ email: z.string(), primary: z.boolean(), verified: z.boolean() }),
);

/** GitHub, or the GitHub Enterprise that stands at `settings.url`. */
export const createGithub = (settings: ProviderSettings): Provider => {
  const site = settings.url.replace(/\/$/, "") || githubSite;
  const api = settings.url ? `${site}/api/v3` : githubApi;
  const [clientId = ""] = settings.clientIds;

  return {
    name: "github",
    settings,
    authorizationUrl: async ({ state, scopes, extra }) => {
      const own = {
        client_id: clientId,
        redirect_uri: settings.redirectUri,
        response_type: "code",
        scope: ["user:email", ...scopes].join(" "),
        state,
      };
      return withParameters(`${site}/login/oauth/authorize`, own, extra);
    },
    exchange: async (code) => {
      const tokens = await askProvider(Tokens, `${site}/login/oauth/access_token`, {
        method: "POST",
        body: new URLSearchParams({
          code,
          redirect_uri: settings.redirectUri,
          client_id: clientId,
          client_secret: settings.secret,
        }),
      });
      if ("access_token" in tokens && typeof tokens.access_token === "string") {
        return {
          accessToken: tokens.access_token,
          refreshToken: String(tokens.refresh_token),
          idToken: "",
        };
      }
      throw new ProviderFailure(`GitHub refused the code: ${tokens.error}`);
    },
    profile: async ({ accessToken }) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      const user = await askProvider(User, `${api}/user`, { headers });
      const emails = await askProvider(Emails, `${api}/user/emails`, { headers });
      return profileOf(
        "github",
        String(user.id),
        emails.map(({ email, ...rest }) => ({ address: email, ...rest })),
        {
          iss: api,
          name: user.name,
          full_name: user.name,
          preferred_username: user.login,
          user_name: user.login,
          avatar_url: user.avatar_url,
        },
      );
    },
  };
};
