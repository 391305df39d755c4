/** The part of config.toml's `[auth]` that Auth acts on; durations in seconds. */
export interface AuthSettings {
  site_url: string;
  additional_redirect_urls: string[];
  /** Life of an access token. */
  jwt_expiry: number;
  enable_signup: boolean;
  enable_anonymous_sign_ins: boolean;
  enable_refresh_token_rotation: boolean;
  refresh_token_reuse_interval: number;
  minimum_password_length: number;
  password_requirements: string;
  /** When a session ends, as `168h`: so long after it began, or after it was last refreshed. */
  sessions: { timebox?: string | undefined; inactivity_timeout?: string | undefined };
  rate_limit: {
    /** Anonymous sign-ins per hour and address; 0 stands for Supabase's own 30. */
    anonymous_users: number;
  };
  email: {
    enable_signup: boolean;
    enable_confirmations: boolean;
    double_confirm_changes: boolean;
    otp_length: number;
    otp_expiry: number;
  };
}
