import {
  type Database,
  isDatabaseError,
  type QueryResult,
  type Row,
} from "../database/database.ts";
import type { Mail } from "../mail/message.ts";
import type { Doorkeeper } from "./api-keys.ts";
import { databaseFailure } from "./auth-error.ts";
import type { Limits } from "./limits.ts";
import type { Letter } from "./mails.ts";
import type { Providers } from "./oauth/providers.ts";
import type { Call } from "./router.ts";
import type { AuthSettings } from "./settings.ts";
import type { Tokens } from "./tokens.ts";

/** Runs single statements on the auth schema; parameters go as text, so null is written as ''. */
export interface Reader {
  query<T extends Row = Row>(
    text: string,
    parameters?: readonly (string | number)[],
  ): Promise<Pick<QueryResult<T>, "rows">>;
}

/** One transaction on behalf of a call. */
export interface Work extends Reader {
  query<T extends Row = Row>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<QueryResult<T>>;
  call: Call;
  settings: AuthSettings;
  /** Counts once against the project's limit and sends once the transaction is committed. */
  mail(...letters: Letter[]): void;
}

/** What every endpoint works with. */
export interface AuthContext {
  settings: AuthSettings;
  tokens: Tokens;
  doorkeeper: Doorkeeper;
  /** Where clients reach the API, without a path. */
  apiUrl: string;
  /** The `iss` claim. */
  issuer: string;
  limits: Limits;
  /** Where people may sign in with an account of theirs elsewhere. */
  providers: Providers;
  /** For what one statement does, as supabase_auth_admin; plans are kept, so this is the fast way. */
  database: Reader;
  /**
   * Runs `use` in a transaction as supabase_auth_admin, so that triggers on auth.users may do here
   * what they may do on Supabase. A throw rolls back; a refusal that must not is returned instead.
   * `failure` is what a client reads when the database refuses.
   */
  transaction<T>(call: Call, use: (work: Work) => Promise<T>, failure?: string): Promise<T>;
}

export interface ContextPorts extends Omit<AuthContext, "database" | "transaction"> {
  database: Database;
  compose(letter: Letter): Mail;
  deliver(mail: Mail): Promise<void>;
}

/** Unqualified names in triggers resolve as they do for Supabase's auth service. */
const asAuthAdmin = { role: "supabase_auth_admin", search_path: "auth" } as const;

const failing =
  (message: string) =>
  (error: unknown): never => {
    throw isDatabaseError(error) ? databaseFailure(message, error) : error;
  };

/** All mails of the project share one bucket. */
const everybody = "mails";

export const createContext = ({
  database,
  compose,
  deliver,
  ...shared
}: ContextPorts): AuthContext => ({
  ...shared,
  database: {
    query: <T extends Row = Row>(text: string, parameters: readonly (string | number)[] = []) =>
      database
        .statement<T>(text, parameters.map(String), asAuthAdmin)
        .catch(failing("Database error querying schema")),
  },
  transaction: async (call, use, failure = "Database error updating user") => {
    const letters: Letter[] = [];
    const result = await database
      .transaction(
        ({ query }) =>
          use({
            query,
            call,
            settings: shared.settings,
            mail: (...more) => {
              shared.limits.mails.take(everybody);
              letters.push(...more);
            },
          }),
        asAuthAdmin,
      )
      .catch((error: unknown) => {
        if (!isDatabaseError(error)) throw error;
        throw databaseFailure(failure, error);
      });
    for (const letter of letters) await deliver(compose(letter));
    return result;
  },
});
