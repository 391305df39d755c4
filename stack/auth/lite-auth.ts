import { App } from "@supabase/lite";
import type { Database } from "../database/database.ts";
import { StackConnection } from "../rest/connection.ts";
import type { AuthMailer } from "./mailer.ts";
import type { AuthSettings } from "./settings.ts";

/**
 * lite's GoTrue over our auth schema. Keys are checked before it, mails are written beside it, and
 * `ensureSystemSchema` is never called: platform/auth.sql has made what it would look for.
 */
export const createLiteAuth = async (
  database: Database,
  settings: AuthSettings,
  jwtSecret: string,
  mailer: AuthMailer["mailer"],
): Promise<(request: Request) => Promise<Response>> => {
  const app = new App({
    connection: new StackConnection(database),
    auth: {
      enabled: true,
      jwt_secret: jwtSecret,
      jwt_expiry: settings.jwt_expiry,
      site_url: settings.site_url,
      additional_redirect_urls: settings.additional_redirect_urls,
      enable_signup: settings.enable_signup,
      enable_refresh_token_rotation: settings.enable_refresh_token_rotation,
      refresh_token_reuse_interval: settings.refresh_token_reuse_interval,
      enable_anonymous_sign_ins: settings.enable_anonymous_sign_ins,
      minimum_password_length: settings.minimum_password_length,
      password_requirements: settings.password_requirements,
      email: settings.email,
      sessions: settings.sessions,
    },
    options: { server: { disableStudio: true, apiKeys: false } },
  });
  app._mailer = mailer;
  await app.init();
  return app.fetch;
};
