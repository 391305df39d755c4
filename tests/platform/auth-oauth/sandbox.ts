import { createClient, type Session, type SupabaseClient } from "@supabase/supabase-js";
import { transport } from "../../support/client.ts";
import { platform } from "../support/platform.ts";

/** Whether this project's Auth sends browsers to the sandbox, whose page tests can answer. */
const usesSandbox = async (provider: string): Promise<boolean> => {
  const { url, sandboxUrl } = platform();
  if (!sandboxUrl) return false;
  const start = `${url}/auth/v1/authorize?provider=${provider}`;
  const response = await fetch(start, { redirect: "manual" });
  return response.headers.get("location")?.startsWith(`${sandboxUrl}/`) ?? false;
};

/** Why providers cannot be tested here; undefined when they can. */
export const reasonToSkip = async (): Promise<string | undefined> => {
  if ((await usesSandbox("google")) && (await usesSandbox("github"))) return undefined;
  const reason = "this project's providers are not the sandbox's";
  // The list of skipped tests does not show names everywhere.
  console.warn(`OAuth is not tested: ${reason}.`);
  return reason;
};

/** Where the tests' application would stand. */
export const application = "http://127.0.0.1:3000/welcome";

/** A client whose sign-ins end in a code that it alone can use. */
export const pkceClient = (): SupabaseClient =>
  createClient(platform().url, platform().publishableKey, {
    auth: {
      flowType: "pkce",
      persistSession: false,
      autoRefreshToken: false,
      detectSessionInUrl: false,
    },
    realtime: { transport },
  });

/** Where a response sends the browser. */
export const redirectOf = (response: Response): URL => {
  const location = response.headers.get("location");
  if (!location) throw new Error(`No redirect but ${response.status}`);
  return new URL(location);
};

/** Goes one step as a browser would: where it is sent to from there. */
export const visit = async (url: string | URL): Promise<URL> =>
  redirectOf(await fetch(url, { redirect: "manual" }));

/** What somebody says on the provider's page. */
export interface Answer {
  email?: string;
  name?: string;
  verified?: "true";
  deny?: "1";
}

/** Answers on the provider's page: where the provider sends the browser then. */
export const answer = async (page: URL, fields: Answer): Promise<URL> =>
  redirectOf(
    await fetch(page, {
      method: "POST",
      body: new URLSearchParams({ ...fields }),
      redirect: "manual",
    }),
  );

/** The whole way through a provider and Auth's callback, back to the application. */
export const goThrough = async (start: string, fields: Answer): Promise<URL> => {
  const isAuth = new URL(start).pathname.startsWith("/auth/v1/");
  const page = isAuth ? await visit(start) : new URL(start);
  return visit(await answer(page, fields));
};

/** Where supabase-js sends the browser to sign in. */
export const startOf = async (
  client: SupabaseClient,
  provider: "google" | "github",
  redirectTo = application,
): Promise<string> => {
  const { data } = await client.auth.signInWithOAuth({
    provider,
    options: { redirectTo, skipBrowserRedirect: true },
  });
  return data.url ?? "";
};

/** Signs somebody in with a provider; the implicit flow's session out of the fragment. */
export const signIn = async (
  client: SupabaseClient,
  provider: "google" | "github",
  fields: Answer,
): Promise<Session> => {
  const landed = await goThrough(await startOf(client, provider), fields);
  const fragment = new URLSearchParams(landed.hash.slice(1));
  const { data, error } = await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  if (error || !data.session) throw error ?? new Error(`No session in ${landed}`);
  return data.session;
};

/** A new person, whose address the provider has verified. */
export const somebody = () =>
  ({
    email: `${crypto.randomUUID()}@example.com`,
    name: "Ada Lovelace",
    verified: "true",
  }) as const;
