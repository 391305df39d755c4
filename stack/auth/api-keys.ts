import { type Claims, TokenRefused, type Tokens } from "./tokens.ts";

/** The keys that open a project's API. */
export interface ApiKeys {
  /** `sb_publishable_…`: acts as `anon`. */
  publishable: string;
  /** `sb_secret_…`: acts as `service_role`. */
  secret: string;
  /** The older keys, which are JWTs with just a role. */
  anon: string;
  serviceRole: string;
}

/** 2032-11-09, the end that `supabase start` writes into every local project's JWT keys. */
const legacyExpiry = 1_983_812_996;

type JwtKeys = Pick<ApiKeys, "anon" | "serviceRole">;

/** The same anon and service_role JWTs that the Supabase CLI derives from a JWT secret. */
export const legacyKeys = async (tokens: Tokens): Promise<JwtKeys> => {
  const key = (role: string) =>
    tokens.signWithSecret({ iss: "supabase-demo", role, exp: legacyExpiry });
  return { anon: await key("anon"), serviceRole: await key("service_role") };
};

const tenYears = 315_360_000;

/** JWT keys of a project with signing keys of its own, as the CLI makes them at every start. */
export const signedKeys = async (tokens: Tokens): Promise<JwtKeys> => {
  const exp = Math.floor(Date.now() / 1000) + tenYears;
  const key = (role: string) => tokens.sign({ iss: "supabase-demo", role, exp });
  return { anon: await key("anon"), serviceRole: await key("service_role") };
};

/** Who is asking, once key and token have been checked. */
export interface Caller {
  /** The database role to act as. */
  role: string;
  claims: Claims;
  /** Which kind of key opened the door. */
  key: "publishable" | "secret";
  /** The user's access token, absent when the key alone speaks. */
  token?: string;
}

/** A request that gets no further; `response` is the whole answer. */
export class CallerRefused extends Error {
  override name = "CallerRefused";
  constructor(readonly response: Response) {
    super("The caller was refused.");
  }
}

const refuse = (code: string, body: Record<string, string | null>) =>
  new CallerRefused(
    Response.json(body, {
      status: 401,
      headers: { "sb-error-code": code },
    }),
  );

const noKey = () =>
  refuse("UNAUTHORIZED_MISSING_API_KEY", {
    message: "No API key found in request",
    hint: "No `apikey` request header or url param was found.",
  });

const unknownKey = () =>
  refuse("UNAUTHORIZED_INVALID_API_KEY", {
    message: "Invalid API key",
    hint: "Double check your Supabase `anon` or `service_role` API key.",
  });

/** The answers of PostgREST 14 to tokens it does not believe. */
const tokenRefused = (refusal: TokenRefused) => {
  const message = {
    malformed: "Invalid JWT: the token is malformed",
    bad_signature: "No suitable key or wrong key type",
    expired: "JWT expired",
    not_yet_valid: "JWT not yet valid",
    no_role: "Invalid JWT: the token names no role",
  }[refusal.reason];
  const timed = refusal.reason === "expired" || refusal.reason === "not_yet_valid";
  const code = timed ? "PGRST303" : "PGRST301";
  return refuse(code, { code, message, details: null, hint: null });
};

interface KnownKey {
  type: "publishable" | "secret";
  claims: Claims;
}

export interface Doorkeeper {
  /** Checks the API key alone, for services that judge tokens themselves; throws `CallerRefused`. */
  admit(request: Request): KnownKey;
  /** Checks key and token; throws `CallerRefused`. */
  identify(request: Request): Promise<Caller>;
}

/** The bearer token of a request, unless it only repeats an opaque key. */
export const bearerOf = (request: Request): string | undefined => {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return token?.startsWith("sb_") ? undefined : token;
};

export const apiKeyOf = (request: Request): string | null =>
  request.headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");

/**
 * Decides who a request comes from: an API key says whether it may come in at all, a bearer token
 * says as whom. Opaque keys are no JWTs, so only `apikey` counts as a key.
 */
export const createDoorkeeper = (keys: ApiKeys, tokens: Tokens): Doorkeeper => {
  const known = new Map<string, KnownKey>([
    [keys.publishable, { type: "publishable", claims: { role: "anon" } }],
    [keys.secret, { type: "secret", claims: { role: "service_role" } }],
    [keys.anon, { type: "publishable", claims: { role: "anon" } }],
    [keys.serviceRole, { type: "secret", claims: { role: "service_role" } }],
  ]);

  const claimsOf = (token: string) =>
    tokens.verify(token).catch((error: unknown) => {
      throw error instanceof TokenRefused ? tokenRefused(error) : error;
    });

  const admit: Doorkeeper["admit"] = (request) => {
    const presented = apiKeyOf(request);
    if (!presented) throw noKey();
    const key = known.get(presented);
    if (!key) throw unknownKey();
    return key;
  };

  return {
    admit,
    identify: async (request) => {
      const key = admit(request);
      const token = bearerOf(request);
      if (!token || known.has(token)) {
        const speaker = (token && known.get(token)) || key;
        return { role: speaker.claims.role, claims: speaker.claims, key: speaker.type };
      }
      const claims = await claimsOf(token);
      return { role: claims.role, claims, key: key.type, token };
    },
  };
};
