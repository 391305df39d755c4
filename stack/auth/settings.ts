import { z } from "zod";
import { seconds } from "./duration.ts";

const Flag = (standard: boolean) => z.boolean().default(standard);

/** A duration in config.toml, in seconds once read. */
const Duration = z.string().transform((text, context) => {
  const value = seconds(text);
  if (value !== null) return value;
  context.addIssue(`"${text}" is no duration such as "24h" or "90s"`);
  return z.NEVER;
});

const Template = z.object({
  subject: z.string().optional(),
  /** The mail's HTML, relative to the project's folder. */
  content_path: z.string().optional(),
});

const Provider = z.looseObject({
  enabled: Flag(false),
  client_id: z.string().default(""),
  secret: z.string().default(""),
  redirect_uri: z.string().default(""),
  url: z.string().default(""),
  skip_nonce_check: Flag(false),
  email_optional: Flag(false),
});

const Hook = z.object({ enabled: Flag(false), uri: z.string().default("") });

const Enrolment = { enroll_enabled: Flag(false), verify_enabled: Flag(false) };

/**
 * The part of config.toml's `[auth]` that Auth acts on, with the CLI's defaults. Keys are the
 * CLI's; durations are in seconds.
 * https://supabase.com/docs/guides/local-development/cli/config#auth-config
 */
export const AuthSettings = z.object({
  site_url: z.string().default("http://127.0.0.1:3000"),
  additional_redirect_urls: z.array(z.string()).default([]),
  /** Life of an access token in seconds. */
  jwt_expiry: z.int().default(3600),
  jwt_issuer: z.string().default(""),
  /** A JSON array of private JWKs, relative to `supabase/`; absent: the CLI's well-known key. */
  signing_keys_path: z.string().default(""),
  enable_signup: Flag(true),
  enable_anonymous_sign_ins: Flag(false),
  enable_manual_linking: Flag(false),
  enable_refresh_token_rotation: Flag(true),
  /** Seconds for which a used refresh token still gets the current one. */
  refresh_token_reuse_interval: z.int().default(10),
  minimum_password_length: z.int().default(6),
  password_requirements: z
    .enum([
      "",
      "letters_digits",
      "lower_upper_letters_digits",
      "lower_upper_letters_digits_symbols",
    ])
    .default(""),
  /** When a session ends: so long after it began, or after it was last refreshed. */
  sessions: z
    .object({ timebox: Duration.optional(), inactivity_timeout: Duration.optional() })
    .prefault({}),
  rate_limit: z
    .object({
      /** Per hour, for the whole project; counts only where SMTP is set up, as in the CLI. */
      email_sent: z.int().default(2),
      /** Per hour and address. */
      anonymous_users: z.int().default(30),
      /** Per five minutes and address, as the next two. */
      sign_in_sign_ups: z.int().default(30),
      token_refresh: z.int().default(150),
      token_verifications: z.int().default(30),
    })
    .prefault({}),
  email: z
    .object({
      /** Whether the provider is on at all; the CLI's newer name for `enable_signup`. */
      enabled: Flag(true),
      enable_signup: Flag(true),
      enable_confirmations: Flag(false),
      double_confirm_changes: Flag(true),
      secure_password_change: Flag(false),
      /** A new password asks for the old one, but in sessions that a mail opened. */
      require_current_password: Flag(false),
      /** Seconds between two mails of a kind to one user. */
      max_frequency: Duration.prefault("1s"),
      otp_length: z.int().min(6).max(10).default(6),
      /** Seconds that a code or link works. */
      otp_expiry: z.int().default(3600),
      smtp: z.looseObject({ enabled: Flag(true) }).optional(),
      template: z.record(z.string(), Template).default({}),
    })
    .prefault({}),
  sms: z.object({ enabled: Flag(false), enable_signup: Flag(false) }).prefault({}),
  mfa: z
    .object({
      max_enrolled_factors: z.int().default(10),
      totp: z.object(Enrolment).prefault({}),
      phone: z.object(Enrolment).prefault({}),
    })
    .prefault({}),
  hook: z
    .object({
      custom_access_token: Hook.prefault({}),
      before_user_created: Hook.prefault({}),
      password_verification_attempt: Hook.prefault({}),
      mfa_verification_attempt: Hook.prefault({}),
    })
    .prefault({}),
  external: z.record(z.string(), Provider).default({}),
});

export type AuthSettings = z.infer<typeof AuthSettings>;

/** Whether people may sign up and in with address and password. */
export const emailEnabled = ({ email }: AuthSettings) => email.enabled && email.enable_signup;
