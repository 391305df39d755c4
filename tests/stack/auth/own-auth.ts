import { createClient } from "@supabase/supabase-js";
import { createDoorkeeper, legacyKeys } from "../../../stack/auth/api-keys.ts";
import { createAuth } from "../../../stack/auth/auth.ts";
import type { MailTemplates } from "../../../stack/auth/mails.ts";
import { AuthSettings } from "../../../stack/auth/settings.ts";
import { localSigningKeys } from "../../../stack/auth/signing-keys.ts";
import { createTokens, type Tokens } from "../../../stack/auth/tokens.ts";
import type { Database } from "../../../stack/database/database.ts";
import { openProject } from "../../../stack/database/project.ts";
import { localKeys } from "../../../stack/keys.ts";
import type { Mail } from "../../../stack/mail/message.ts";
import { transport } from "../../support/client.ts";

/** The platform suite's project in a database of the test file's own. */
export const openAuthDatabase = (): Promise<Database> =>
  openProject({ folder: "tests/platform/project/supabase", seeds: [] });

type Given = Parameters<typeof AuthSettings.parse>[0];

export interface OwnAuthOptions {
  tokens?: Tokens;
  templates?: MailTemplates;
}

const apiUrl = "http://127.0.0.1:54321";

/** High enough that only tests of limits meet them. */
const plenty = {
  email_sent: 100_000,
  anonymous_users: 100_000,
  sign_in_sign_ups: 100_000,
  token_refresh: 100_000,
  token_verifications: 100_000,
};

const withPlenty = (given: Record<string, unknown>) => {
  const limits = given.rate_limit;
  return {
    enable_anonymous_sign_ins: true,
    ...given,
    rate_limit: { ...plenty, ...(typeof limits === "object" ? limits : {}) },
  };
};

/** Auth with other settings than the shared stack's, without a server: clients call it directly. */
export const ownAuth = async (
  database: Database,
  settings: Record<string, unknown> = {},
  options: OwnAuthOptions = {},
) => {
  const given: Given = withPlenty(settings);
  const tokens = options.tokens ?? createTokens(localKeys.jwtSecret, await localSigningKeys());
  const keys = { ...localKeys, ...(await legacyKeys(tokens)) };
  const mails: Mail[] = [];
  const auth = createAuth({
    database,
    settings: AuthSettings.parse(given),
    tokens,
    doorkeeper: createDoorkeeper(keys, tokens),
    apiUrl,
    sandboxUrl: "http://127.0.0.1:54325",
    deliver: async (mail) => {
      mails.push(mail);
    },
    ...(options.templates && { templates: options.templates }),
  });

  /** What the client at this address is answered. */
  const ask = (path: string, init: RequestInit = {}, peer = "127.0.0.1") => {
    const headers = { apikey: keys.publishable, ...init.headers };
    return auth.fetch(new Request(`${apiUrl}/auth/v1${path}`, { ...init, headers }), peer);
  };

  return {
    keys,
    tokens,
    mails,
    ask,
    /** An unmodified supabase-js at some address. */
    client: (peer = "127.0.0.1") =>
      createClient(apiUrl, keys.publishable, {
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
        realtime: { transport },
        global: { fetch: (input, init) => auth.fetch(new Request(input, init), peer) },
      }),
    /** The newest mail to an address, with what its reader acts on. */
    mailTo: (address: string) => {
      const mail = mails.findLast(({ to }) => to === address);
      return {
        subject: mail?.subject ?? "",
        html: mail?.html ?? "",
        link: /href="([^"]+)"/.exec(mail?.html ?? "")?.[1]?.replaceAll("&amp;", "&") ?? "",
        code: /code: (\d+)/.exec(mail?.html ?? "")?.[1] ?? "",
      };
    },
  };
};

export type OwnAuth = Awaited<ReturnType<typeof ownAuth>>;
