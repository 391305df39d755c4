import type { Stack } from "./stack.ts";

/** What scripts read; names as `supabase status -o json` has them. */
export const statusJson = ({ urls, keys }: Stack) => ({
  API_URL: urls.api,
  REST_URL: `${urls.api}/rest/v1`,
  FUNCTIONS_URL: `${urls.api}/functions/v1`,
  STORAGE_URL: `${urls.api}/storage/v1`,
  DB_URL: urls.database,
  STUDIO_URL: urls.studio,
  MAILPIT_URL: urls.mail,
  INBUCKET_URL: urls.mail,
  SANDBOX_URL: urls.sandbox,
  PAGES_URL: urls.pages,
  PUBLISHABLE_KEY: keys.publishable,
  SECRET_KEY: keys.secret,
  ANON_KEY: keys.anon,
  SERVICE_ROLE_KEY: keys.serviceRole,
  JWT_SECRET: keys.jwtSecret,
});

export const statusText = (stack: Stack, seconds: number): string => {
  const { urls, keys, pages } = stack;
  const rows: [string, string][] = [
    ["API URL", urls.api],
    ["DB URL", urls.database],
    ["Studio", urls.studio],
    ["Mail inbox", urls.mail],
    ["Sandbox", urls.sandbox],
    ...pages.map((name): [string, string] => [capitalised(name), `${urls.pages}/${name}/`]),
    ["Publishable key", keys.publishable],
    ["Secret key", keys.secret],
    ["JWT secret", keys.jwtSecret],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `${stack.name} runs (${seconds.toFixed(1)} s). Ctrl-C stops it.`,
    "",
    ...rows.map(([label, value]) => `${label.padStart(width + 2)}: ${value}`),
  ].join("\n");
};

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
