/**
 * The keys that `supabase start` gives every local project; they are public knowledge and guard
 * nothing but a machine's own loopback. Real projects have their own.
 */
export const localKeys = {
  publishable: "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
  secret: "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
  jwtSecret: "super-secret-jwt-token-with-at-least-32-characters-long",
  databasePassword: "postgres",
} as const;
