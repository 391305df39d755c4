import { z } from "zod";
import type { Database } from "../database/database.ts";
import { Lock } from "../database/lock.ts";
import { preflight } from "../gateway/preflight.ts";
import type { Deliver } from "../mail/message.ts";
import { bearerOf, CallerRefused, type Doorkeeper } from "./api-keys.ts";
import { asRole } from "./as-role.ts";
import { AuthError, errorResponse } from "./auth-error.ts";
import { emailTaken, isEmailTaken, settleGuest, signUpGuest, upgradeGuest } from "./guests.ts";
import { createLiteAuth } from "./lite-auth.ts";
import { createAuthMailer, type MailTemplates } from "./mailer.ts";
import { createHourlyLimit } from "./rate-limit.ts";
import type { AuthSettings } from "./settings.ts";
import type { Tokens } from "./tokens.ts";
import { type Account, accessClaims, readAccount, userJson } from "./users.ts";

export interface AuthPorts {
  database: Database;
  settings: AuthSettings;
  tokens: Tokens;
  /** The secret that `tokens` signs with; lite verifies on its own. */
  jwtSecret: string;
  doorkeeper: Doorkeeper;
  /** Where clients reach the API, without a path. */
  apiUrl: string;
  deliver: Deliver;
  templates?: MailTemplates;
}

export interface Auth {
  /** Serves /auth/v1/*; `peer` is the client's address, for rate limits. */
  fetch(request: Request, peer?: string): Promise<Response>;
}

/** Paths that a browser opens itself, from a mail or a provider, and so without a key. */
const keyless = /^\/auth\/v1\/(verify|callback|authorize|health|\.well-known\/.*)$/;

const standardGuestLimit = 30;

const Body = z.looseObject({
  email: z.string().nullish(),
  phone: z.string().nullish(),
  password: z.string().nullish(),
  type: z.string().nullish(),
  refresh_token: z.string().nullish(),
});

const Session = z.looseObject({ access_token: z.string(), refresh_token: z.string() });
const User = z.looseObject({ id: z.string() });
const Email = z.email();

/** How a session came to be, as the `amr` claim names it. */
type Method = "password" | "otp" | "oauth";

const openToAllOrigins = (response: Response) => {
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", "X-Total-Count, Link, X-Supabase-Api-Version");
  return new Response(response.body, { status: response.status, headers });
};

/** A request with another body, for lite to read; null keeps none. */
const withBody = (request: Request, body: unknown): Request => {
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  headers.set("content-type", "application/json");
  return new Request(request.url, { method: request.method, headers, body: JSON.stringify(body) });
};

/**
 * Supabase Auth: lite does passwords, one-time codes, refresh and sign-out over the auth schema;
 * beside it stand guests, and every user and token that leaves is written here, since lite's know
 * neither guests nor most claims.
 */
export const createAuth = async (ports: AuthPorts): Promise<Auth> => {
  const { settings, tokens } = ports;
  const database = asRole(ports.database, "supabase_auth_admin");
  const issuer = new URL("/auth/v1", ports.apiUrl).toString();
  const mail = createAuthMailer({
    deliver: ports.deliver,
    apiUrl: ports.apiUrl,
    siteUrl: settings.site_url,
    ...(ports.templates && { templates: ports.templates }),
  });
  const lite = await createLiteAuth(database, settings, ports.jwtSecret, mail.mailer);
  const guests = createHourlyLimit(settings.rate_limit.anonymous_users || standardGuestLimit);
  const refreshing = new Map<string, { lock: Lock; waiting: number }>();

  const sessionJson = async (account: Account, sessionId: string, refreshToken: string) => ({
    access_token: await tokens.sign(accessClaims(account, sessionId, issuer), settings.jwt_expiry),
    token_type: "bearer",
    expires_in: settings.jwt_expiry,
    expires_at: Math.floor(Date.now() / 1000) + settings.jwt_expiry,
    refresh_token: refreshToken,
    user: userJson(account),
  });

  const recordMethod = (sessionId: string, method: Method) =>
    database.query(
      `insert into auth.mfa_amr_claims
         (id, session_id, authentication_method, created_at, updated_at)
       values (gen_random_uuid(), $1::uuid, $2, now(), now())
       on conflict (session_id, authentication_method) do update set updated_at = now()`,
      [sessionId, method],
    );

  /** lite's session written anew with all claims. */
  const rewriteSession = async (session: z.infer<typeof Session>, method: Method | null) => {
    const { sub = "", session_id: sessionId = "" } = await tokens.verify(session.access_token);
    if (method) await recordMethod(sessionId, method);
    if (method === "otp") await settleGuest(database, sub);
    const account = await readAccount(database, sub, sessionId);
    if (!account)
      throw new AuthError(403, "user_not_found", "User from sub claim in JWT does not exist");
    return { ...session, ...(await sessionJson(account, sessionId, session.refresh_token)) };
  };

  const rewrite = async (response: Response, method: Method | null): Promise<Response> => {
    if (!response.ok || !response.headers.get("content-type")?.includes("json")) return response;
    const body: unknown = await response.json();
    const headers = new Headers(response.headers);
    headers.delete("content-length");
    const session = Session.safeParse(body);
    if (session.success) {
      return Response.json(await rewriteSession(session.data, method), { headers });
    }
    const user = User.safeParse(body);
    const account = user.success ? await readAccount(database, user.data.id) : null;
    return Response.json(account ? userJson(account) : body, { headers });
  };

  /** The redirect after a followed link carries a session in its fragment. */
  const rewriteRedirect = async (response: Response): Promise<Response> => {
    const target = response.headers.get("location");
    const [address, fragment] = target?.split("#") ?? [];
    const carried = new URLSearchParams(fragment);
    const session = Session.safeParse(Object.fromEntries(carried));
    if (!session.success) return response;
    const rewritten = await rewriteSession(session.data, "otp");
    carried.set("access_token", rewritten.access_token);
    carried.set("expires_at", String(rewritten.expires_at));
    return new Response(null, { status: 303, headers: { location: `${address}#${carried}` } });
  };

  const guestSignUp = async (request: Request, body: unknown, peer: string) => {
    if (!settings.enable_anonymous_sign_ins) {
      throw new AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled");
    }
    if (!settings.enable_signup) {
      throw new AuthError(422, "signup_disabled", "Signups not allowed for this instance");
    }
    if (!guests.take(peer)) {
      throw new AuthError(429, "over_request_rate_limit", "Request rate limit reached");
    }
    const guest = await signUpGuest(database, body, request.headers.get("user-agent"));
    return Response.json(await sessionJson(guest.account, guest.sessionId, guest.refreshToken));
  };

  /** The guest who asks, or null: the token's own word may be older than an upgrade. */
  const askingGuest = async (request: Request): Promise<Account | null> => {
    const token = bearerOf(request);
    const claims = token ? await tokens.verify(token).catch(() => null) : null;
    if (!claims?.is_anonymous || !claims.sub) return null;
    const account = await readAccount(database, claims.sub);
    return account?.user.is_anonymous ? account : null;
  };

  const updateUser = async (request: Request, body: z.infer<typeof Body>) => {
    const guest = await askingGuest(request);
    if (!guest) return lite(withBody(request, body));
    if (body.password && !body.email && !guest.user.email) {
      throw new AuthError(
        422,
        "validation_failed",
        "Updating password of an anonymous user without an email or phone is not allowed",
      );
    }
    // With confirmations on, the address is only taken over when its owner follows the link.
    if (!body.email || settings.email.enable_confirmations) return lite(withBody(request, body));

    const { email: given, ...rest } = body;
    const email = given?.toLowerCase() ?? "";
    if (!Email.safeParse(email).success) {
      throw new AuthError(
        400,
        "validation_failed",
        "Unable to validate email address: invalid format",
      );
    }
    if (await isEmailTaken(database, email)) throw emailTaken();
    const updated = await lite(withBody(request, rest));
    if (updated.ok) await upgradeGuest(database, guest.user.id, email);
    return updated;
  };

  /** Two refreshes of one token take turns, so that the second sees the first one's rotation. */
  const inTurn = async (token: string, run: () => Promise<Response>): Promise<Response> => {
    const turn = refreshing.get(token) ?? { lock: new Lock(), waiting: 0 };
    refreshing.set(token, turn);
    turn.waiting += 1;
    try {
      return await turn.lock.run(run);
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) refreshing.delete(token);
    }
  };

  const token = async (request: Request, grant: string | null, body: z.infer<typeof Body>) => {
    const ask = () => lite(withBody(request, body));
    if (grant === "refresh_token") {
      return rewrite(await inTurn(body.refresh_token ?? "", ask), null);
    }
    return rewrite(await ask(), grant === "pkce" ? "oauth" : "password");
  };

  const readBody = async (request: Request): Promise<z.infer<typeof Body>> => {
    const text = await request.text();
    if (text === "") return {};
    const body = Body.safeParse(parseJson(text));
    if (body.success) return body.data;
    const [issue] = body.error.issues;
    throw new AuthError(
      400,
      "bad_json",
      `Could not parse request body as JSON: ${issue?.path.join(".") || "body"}: ${issue?.message}`,
    );
  };

  const route = async (request: Request, url: URL, peer: string): Promise<Response> => {
    const path = url.pathname.slice("/auth/v1".length);
    switch (`${request.method} ${path}`) {
      case "POST /signup": {
        const body = await readBody(request);
        if (!body.email && body.phone) {
          throw new AuthError(400, "phone_provider_disabled", "Phone signups are disabled");
        }
        if (!body.email) return guestSignUp(request, body, peer);
        return rewrite(await lite(withBody(request, body)), "password");
      }
      case "POST /token":
        return token(request, url.searchParams.get("grant_type"), await readBody(request));
      case "POST /verify": {
        const body = await readBody(request);
        // GoTrue's `email` looks for the code of a sign-up or a sign-in; so does lite's magiclink.
        const type = body.type === "email" ? "magiclink" : body.type;
        return rewrite(await lite(withBody(request, { ...body, type })), "otp");
      }
      case "GET /verify":
        return rewriteRedirect(await lite(request));
      case "PUT /user":
        return rewrite(await updateUser(request, await readBody(request)), null);
      case "GET /user":
        return rewrite(await lite(request), null);
      default:
        return lite(request);
    }
  };

  return {
    fetch: async (request, peer = "local") => {
      if (request.method === "OPTIONS") return preflight(request);
      const url = new URL(request.url);
      try {
        if (!keyless.test(url.pathname)) ports.doorkeeper.admit(request);
        const redirectTo = url.searchParams.get("redirect_to");
        return openToAllOrigins(
          await mail.redirectingTo(redirectTo, () => route(request, url, peer)),
        );
      } catch (error) {
        if (error instanceof CallerRefused) return error.response;
        if (error instanceof AuthError) return openToAllOrigins(errorResponse(error));
        throw error;
      }
    },
  };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new AuthError(400, "bad_json", "Could not parse request body as JSON");
  }
};
