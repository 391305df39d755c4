import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigProblem } from "../config.ts";
import type { Mail } from "../mail/message.ts";
import type { Secret } from "./one-time-tokens.ts";
import type { AuthSettings } from "./settings.ts";

export const mailKinds = [
  "invite",
  "confirmation",
  "recovery",
  "magic_link",
  "email_change",
  "reauthentication",
] as const;
export type MailKind = (typeof mailKinds)[number];

/** A mail to be written: its words come from the project's templates. */
export interface Letter {
  kind: MailKind;
  to: string;
  secret: Secret;
  /** Where the link leads in the end. */
  redirectTo: string;
  /** The user's address, and the one they change to. */
  email: string;
  newEmail: string;
  /** The user's metadata, for templates that greet by name. */
  data: Readonly<Record<string, unknown>>;
}

interface Template {
  subject: string;
  content: string;
}
export type MailTemplates = Record<MailKind, Template>;

const page = (heading: string, sentence: string, link: string) =>
  `<h2>${heading}</h2>

<p>${sentence}</p>
<p><a href="{{ .ConfirmationURL }}">${link}</a></p>
<p>Alternatively, enter the code: {{ .Token }}</p>`;

const standard: MailTemplates = {
  invite: {
    subject: "You have been invited",
    content: page(
      "You have been invited",
      "You have been invited to create a user on {{ .SiteURL }}. Follow this link to accept the invite:",
      "Accept the invite",
    ),
  },
  confirmation: {
    subject: "Confirm Your Email",
    content: page(
      "Confirm your email",
      "Follow this link to confirm your email:",
      "Confirm your email address",
    ),
  },
  recovery: {
    subject: "Reset Your Password",
    content: page(
      "Reset password",
      "Follow this link to reset the password for your user:",
      "Reset password",
    ),
  },
  magic_link: {
    subject: "Your Magic Link",
    content: page("Magic link", "Follow this link to login:", "Log in"),
  },
  email_change: {
    subject: "Confirm Email Change",
    content: page(
      "Confirm change of email",
      "Follow this link to confirm the update of your email from {{ .Email }} to {{ .NewEmail }}:",
      "Change email",
    ),
  },
  reauthentication: {
    subject: "Confirm reauthentication",
    content: "<h2>Confirm reauthentication</h2>\n\n<p>Enter the code: {{ .Token }}</p>",
  },
};

/** The `type` that each kind of mail's link carries. */
const verification: Record<MailKind, string> = {
  invite: "invite",
  confirmation: "signup",
  recovery: "recovery",
  magic_link: "magiclink",
  email_change: "email_change",
  reauthentication: "reauthentication",
};

/** Supabase's wording, replaced by the project's where `[auth.email.template]` names any. */
export const readTemplates = async (
  folder: string,
  settings: AuthSettings,
): Promise<MailTemplates> => {
  const templates = { ...standard };
  for (const kind of mailKinds) {
    const own = settings.email.template[kind];
    if (!own) continue;
    templates[kind] = {
      subject: own.subject ?? standard[kind].subject,
      content: own.content_path
        ? await readTemplate(kind, join(folder, own.content_path))
        : standard[kind].content,
    };
  }
  return templates;
};

const readTemplate = (kind: MailKind, path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConfigProblem(
      `auth.email.template.${kind}.content_path: ${path} cannot be read; it is relative to the project's folder.`,
      { cause },
    );
  });

export const standardTemplates = (): MailTemplates => ({ ...standard });

const escaped = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (character) =>
      ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[character] ?? "",
  );

type Values = Readonly<Record<string, unknown>>;

/** `{{ .Name }}` and `{{ .Data.name }}`: what templates use of Go's language. */
const fill = (template: string, values: Values, write: (text: string) => string) =>
  template.replace(/\{\{-?\s*\.([\w.]+)\s*-?\}\}/g, (_, path: string) => {
    const value = path
      .split(".")
      .reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), values);
    return value === undefined || value === null ? "" : write(String(value));
  });

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null;

/** The link that a mail's reader follows: to the API, which verifies and leads on. */
export const actionLink = (apiUrl: string, type: string, hash: string, redirectTo: string) => {
  const link = new URL("/auth/v1/verify", apiUrl);
  link.searchParams.set("token", hash);
  link.searchParams.set("type", type);
  link.searchParams.set("redirect_to", redirectTo);
  return link.toString();
};

export interface ComposerPorts {
  apiUrl: string;
  siteUrl: string;
  templates: MailTemplates;
}

/** Turns letters into mails. */
export const createComposer =
  ({ apiUrl, siteUrl, templates }: ComposerPorts) =>
  (letter: Letter): Mail => {
    const { kind, secret, redirectTo } = letter;
    const link = actionLink(apiUrl, verification[kind], secret.hash, redirectTo);
    const values = {
      ConfirmationURL: link,
      Token: secret.code,
      TokenHash: secret.hash,
      SiteURL: siteUrl,
      RedirectTo: redirectTo,
      Email: letter.email,
      NewEmail: letter.newEmail,
      SendingTo: letter.to,
      Data: letter.data,
    };
    return {
      to: letter.to,
      subject: fill(templates[kind].subject, values, String),
      html: fill(templates[kind].content, values, escaped),
      text: plainText(kind, link, secret.code),
    };
  };

const plainText = (kind: MailKind, link: string, code: string) => {
  const linkLine = kind === "reauthentication" ? "" : `Follow this link: ${link}\n\n`;
  return `${standard[kind].subject}\n\n${linkLine}Enter the code: ${code}\n`;
};
