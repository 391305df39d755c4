import { type Database, isDatabaseError } from "../database/database.ts";
import type { Deliver } from "../mail/message.ts";
import { CallerRefused, type Doorkeeper } from "./api-keys.ts";
import { AuthError, errorResponse, OAuthError } from "./auth-error.ts";
import { createContext } from "./context.ts";
import { createLimits } from "./limits.ts";
import { createComposer, type MailTemplates, standardTemplates } from "./mails.ts";
import { createProviders } from "./oauth/providers.ts";
import { createRouter, NoRoute } from "./router.ts";
import { routes } from "./routes.ts";
import type { AuthSettings } from "./settings.ts";
import type { Tokens } from "./tokens.ts";

export interface AuthPorts {
  database: Database;
  settings: AuthSettings;
  tokens: Tokens;
  doorkeeper: Doorkeeper;
  /** Where clients reach the API, without a path. */
  apiUrl: string;
  /** Where the sandbox stands in for providers without a secret. */
  sandboxUrl: string;
  deliver: Deliver;
  /** The project's own mails; absent: Supabase's. */
  templates?: MailTemplates;
  log?: (message: string) => void;
}

export interface Auth {
  /** Serves /auth/v1/*; `peer` is the client's address, for rate limits. */
  fetch(request: Request, peer?: string): Promise<Response>;
}

const prefix = "/auth/v1";

/** Supabase Auth over the auth schema: what GoTrue does, with its paths, answers and errors. */
export const createAuth = (ports: AuthPorts): Auth => {
  const { settings, apiUrl, log = () => undefined } = ports;
  const find = createRouter(routes);
  const context = createContext({
    database: ports.database,
    settings,
    tokens: ports.tokens,
    doorkeeper: ports.doorkeeper,
    apiUrl,
    issuer: settings.jwt_issuer || new URL(prefix, apiUrl).toString(),
    limits: createLimits(settings),
    providers: createProviders({ settings, apiUrl, sandboxUrl: ports.sandboxUrl }),
    compose: createComposer({
      apiUrl,
      siteUrl: settings.site_url,
      templates: ports.templates ?? standardTemplates(),
    }),
    deliver: ports.deliver,
  });

  const answer = async (request: Request, ip: string): Promise<Response> => {
    const url = new URL(request.url);
    const { route, params } = find(request.method, url.pathname.slice(prefix.length));
    if (!route.keyless) ports.doorkeeper.admit(request);
    return route.run(context, { request, url, params, ip });
  };

  const refusal = (error: unknown, request: Request): Response => {
    if (error instanceof CallerRefused) return error.response;
    if (error instanceof NoRoute) return new Response(error.message, { status: error.status });
    if (error instanceof OAuthError) return errorResponse(error, request);
    if (!(error instanceof AuthError)) throw error;
    if (error.status === 500)
      log(`${request.method} ${new URL(request.url).pathname}: ${causeOf(error)}`);
    return errorResponse(error, request);
  };

  return {
    fetch: async (request, peer = "") => {
      try {
        return await answer(request, peer);
      } catch (error) {
        return refusal(error, request);
      }
    },
  };
};

/** What the log says of a failure whose answer names no details. */
const causeOf = (error: AuthError): string =>
  isDatabaseError(error.cause)
    ? `${error.message}: ${error.cause.message} (${error.cause.code})`
    : error.message;
