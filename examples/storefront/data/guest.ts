import type { SupabaseClient } from "@supabase/supabase-js";
import { dataOf, Failure } from "../../shared/failure.ts";

const gone = new Set(["not_signed_in", "23503", "42501", "PGRST301", "PGRST302", "PGRST303"]);

/**
 * Who the visitor is. Nobody at first; a guest, which is an anonymous user of Supabase Auth, from the
 * first thing put into the cart. The session is kept by the browser, and with it cart and orders.
 */
export const createGuest = (client: SupabaseClient) => {
  let beginning: Promise<void> | undefined;

  const userId = async (): Promise<string | undefined> => {
    const { data } = await client.auth.getSession();
    return data.session?.user.id;
  };

  const begin = async (): Promise<void> => {
    await dataOf(client.auth.signInAnonymously());
  };

  /** Makes the visitor a guest, once, however many ask at the same time. */
  const ensure = async (): Promise<void> => {
    if (await userId()) return;
    beginning ??= begin().finally(() => {
      beginning = undefined;
    });
    await beginning;
  };

  return {
    userId,
    /** Does something as a guest; again as a new one when the shop has forgotten the old. */
    act: async <Result>(action: () => Promise<Result>): Promise<Result> => {
      await ensure();
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof Failure && gone.has(error.code))) throw error;
        await client.auth.signOut({ scope: "local" });
        await ensure();
        return await action();
      }
    },
  };
};

export type Guest = ReturnType<typeof createGuest>;
