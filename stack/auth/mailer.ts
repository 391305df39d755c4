import { AsyncLocalStorage } from "node:async_hooks";
import type { App } from "@supabase/lite";
import type { Deliver } from "../mail/message.ts";

export type MailKind =
  | "confirmation"
  | "recovery"
  | "magic_link"
  | "email_change"
  | "reauthentication";

/** A project's own wording, in Supabase's template language (`{{ .ConfirmationURL }}` …). */
export type MailTemplates = Partial<Record<MailKind, { subject?: string; content?: string }>>;

const page = (heading: string, sentence: string, link: string) =>
  `<h2>${heading}</h2>
<p>${sentence}</p>
<p><a href="{{ .ConfirmationURL }}">${link}</a></p>
<p>Alternatively, enter the code: {{ .Token }}</p>`;

const standard: Record<MailKind, { subject: string; content: string }> = {
  confirmation: {
    subject: "Confirm Your Signup",
    content: page(
      "Confirm your signup",
      "Follow this link to confirm your email:",
      "Confirm your email",
    ),
  },
  recovery: {
    subject: "Reset Your Password",
    content: page(
      "Reset your password",
      "Follow this link to reset your password:",
      "Reset password",
    ),
  },
  magic_link: {
    subject: "Your Magic Link",
    content: page("Magic link", "Follow this link to sign in:", "Sign in"),
  },
  email_change: {
    subject: "Confirm Email Change",
    content: page(
      "Confirm your new email",
      "Follow this link to change your email to {{ .NewEmail }}:",
      "Change email",
    ),
  },
  reauthentication: {
    subject: "Confirm Reauthentication",
    content: "<h2>Confirm reauthentication</h2>\n<p>Enter the code: {{ .Token }}</p>",
  },
};

/** The `type` that each kind of mail's link carries. */
const verification: Record<MailKind, string> = {
  confirmation: "signup",
  recovery: "recovery",
  magic_link: "magiclink",
  email_change: "email_change",
  reauthentication: "reauthentication",
};

const escaped = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (character) =>
      ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[character] ?? "",
  );

const fill = (template: string, values: Readonly<Record<string, string>>) =>
  template.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);

type LiteMailer = NonNullable<App["_mailer"]>;

export interface AuthMailerPorts {
  deliver: Deliver;
  /** Where clients reach the API; links in mails lead there. */
  apiUrl: string;
  siteUrl: string;
  templates?: MailTemplates;
}

export interface AuthMailer {
  mailer: LiteMailer;
  /** Runs a request whose mails shall lead back to `redirectTo` once their link was followed. */
  redirectingTo<T>(redirectTo: string | null, run: () => Promise<T>): Promise<T>;
}

/**
 * Writes the mails of sign-up, recovery, magic link and address change. In place of lite's own
 * mailer, whose links lead to the site instead of the API and forget the client's redirect.
 */
export const createAuthMailer = (ports: AuthMailerPorts): AuthMailer => {
  const redirect = new AsyncLocalStorage<string | null>();

  const send = async (
    kind: MailKind,
    to: string,
    secret: { hash: string; code: string },
    addresses: { current?: string | undefined; new?: string | undefined } = {},
  ) => {
    const redirectTo = redirect.getStore() || ports.siteUrl;
    const link = new URL("/auth/v1/verify", ports.apiUrl);
    link.searchParams.set("token", secret.hash);
    link.searchParams.set("type", verification[kind]);
    link.searchParams.set("redirect_to", redirectTo);
    const values = {
      ConfirmationURL: link.toString(),
      Token: secret.code,
      TokenHash: secret.hash,
      SiteURL: ports.siteUrl,
      RedirectTo: redirectTo,
      Email: addresses.current ?? to,
      NewEmail: addresses.new ?? to,
    };
    const asHtml = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, escaped(value)]),
    );
    const wording = { ...standard[kind], ...ports.templates?.[kind] };
    const linkLine = kind === "reauthentication" ? "" : `Follow this link: ${link}\n\n`;
    await ports.deliver({
      to,
      subject: fill(wording.subject, values),
      html: fill(wording.content, asHtml),
      text: `${standard[kind].subject}\n\n${linkLine}Enter the code: ${secret.code}\n`,
    });
  };

  return {
    redirectingTo: (redirectTo, run) => redirect.run(redirectTo, run),
    mailer: {
      sendConfirmation: (to, hash, code) => send("confirmation", to, { hash, code }),
      sendRecovery: (to, hash, code) => send("recovery", to, { hash, code }),
      sendMagicLink: (to, hash, code) => send("magic_link", to, { hash, code }),
      sendEmailChange: (to, hash, code, meta) =>
        send(
          "email_change",
          to,
          { hash, code },
          { current: meta?.currentEmail, new: meta?.newEmail },
        ),
      sendReauthentication: (to, code, meta) =>
        send("reauthentication", to, { hash: meta?.tokenHash ?? "", code }),
    },
  };
};
