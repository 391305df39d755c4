import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import type { AuthContext, Work } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { actionLink } from "../mails.ts";
import { keepToken, newSecret, type Secret, type TokenKind } from "../one-time-tokens.ts";
import { checkPassword, hashPassword } from "../passwords.ts";
import { redirectTarget } from "../redirects.ts";
import { AddressTaken, createAccount } from "../registration.ts";
import { adminRoute, type Call, Data, Text } from "../router.ts";
import { changeUser, mergeMetadata, type UserChange } from "../user-changes.ts";
import { userJson } from "../user-json.ts";
import { type Account, findByEmail, findHolder, isEmailConfirmed, readAccount } from "../users.ts";
import { traitsOf } from "./path.ts";
import { emailExists } from "./user-params.ts";

const LinkType = z.enum([
  "signup",
  "invite",
  "magiclink",
  "recovery",
  "email_change_current",
  "email_change_new",
]);
type LinkType = z.infer<typeof LinkType>;

const Body = z.looseObject({
  type: Text,
  email: Text,
  new_email: Text,
  password: Text,
  data: Data,
  redirect_to: Text,
});
type Body = z.infer<typeof Body>;

const typeOf = ({ type }: Body): LinkType => {
  const known = LinkType.safeParse(type);
  if (known.success) return known.data;
  throw invalid(`Invalid email action link type requested: ${type}`);
};

/** A link for an account that is not there yet: a magic link opens one, recovery cannot. */
const forNobody = (type: LinkType): "signup" | "invite" => {
  if (type === "signup" || type === "invite") return type;
  if (type === "magiclink") return "signup";
  throw new AuthError(404, "user_not_found", "User with this email not found");
};

/** A sign-up needs its password; who is invited or only asked for a link sets one later. */
const passwordHashOf = async (
  { settings }: AuthContext,
  body: Body,
  asked: LinkType,
): Promise<string> => {
  if (asked !== "signup") return "";
  if (body.password === "") throw invalid("Signup requires a valid password");
  checkPassword(settings, body.password);
  return hashPassword(body.password);
};

const checkNewAddress = async (
  { database, settings }: AuthContext,
  account: Account,
  type: LinkType,
  body: Body,
): Promise<string> => {
  if (type === "email_change_current" && !settings.email.double_confirm_changes) {
    throw invalid("Enable secure email change to generate link for current email");
  }
  const address = emailAddress(body.new_email);
  if (await findHolder(database, address, account.user.id)) throw emailExists();
  return address;
};

interface Token {
  kind: TokenKind;
  /** The address that the secret is for. */
  address: string;
  secret: Secret;
  change: UserChange;
}

/** Which secret a link carries and what the user's row says of it. */
const tokenFor = (
  type: LinkType,
  secret: Secret,
  addresses: { own: string; new: string },
): Token => {
  const sent = new Date().toISOString();
  const { hash } = secret;
  const own = { address: addresses.own, secret };
  switch (type) {
    case "magiclink":
    case "recovery":
      return {
        ...own,
        kind: "recovery_token",
        change: { recovery_token: hash, recovery_sent_at: sent },
      };
    case "signup":
    case "invite":
      return {
        ...own,
        kind: "confirmation_token",
        change: {
          confirmation_token: hash,
          confirmation_sent_at: sent,
          ...(type === "invite" && { invited_at: sent }),
        },
      };
    case "email_change_current":
    case "email_change_new": {
      const isNew = type === "email_change_new";
      const kind = isNew ? "email_change_token_new" : "email_change_token_current";
      return {
        kind,
        address: isNew ? addresses.new : addresses.own,
        secret,
        change: {
          email_change: addresses.new,
          email_change_sent_at: sent,
          email_change_confirm_status: 0,
          [kind]: hash,
        },
      };
    }
  }
};

const noteRequest = async (work: Work, account: Account, type: LinkType): Promise<void> => {
  if (type === "invite") await audit(work, "service_role", "user_invited", traitsOf(account));
  if (type === "magiclink" || type === "recovery") {
    await audit(work, account, "user_recovery_requested");
  }
};

const typeInLink = (type: LinkType) => (type.startsWith("email_change") ? "email_change" : type);

/** The account that the link is for, made when it is not there, and the link's type for it. */
const prepare = async (auth: AuthContext, body: Body) => {
  const email = emailAddress(body.email);
  const asked = typeOf(body);
  const found = await findByEmail(auth.database, email);
  const type = found ? asked : forNobody(asked);
  const opensAccount = type === "signup" || type === "invite";
  if (found && opensAccount && isEmailConfirmed(found)) throw emailExists();
  const newEmail =
    found && typeInLink(type) === "email_change"
      ? await checkNewAddress(auth, found, type, body)
      : "";
  const passwordHash = found ? "" : await passwordHashOf(auth, body, asked);
  return { email, newEmail, found, type, passwordHash };
};

const keepLink = async (
  work: Work,
  body: Body,
  { found, type, email, newEmail, passwordHash }: Awaited<ReturnType<typeof prepare>>,
) => {
  const data = body.data ?? {};
  const account = found ?? (await createAccount(work, { email, passwordHash, data }));
  const { id } = account.user;
  if (found && type === "signup") await mergeMetadata(work, id, "raw_user_meta_data", data);
  await noteRequest(work, account, type);
  const target = type === "email_change_new" ? newEmail : email;
  const secret = newSecret(target, { length: work.settings.email.otp_length });
  const token = tokenFor(type, secret, { own: email, new: newEmail });
  await changeUser(work, id, token.change);
  await keepToken(work, id, token.kind, secret, token.address);
  return { account: await readAccount(work, id), secret };
};

/** Where the link leads: what the body or the query asks for, if it is allowed. */
const redirectOf = ({ settings }: AuthContext, call: Call, body: Body): string => {
  const url = new URL(call.url);
  if (body.redirect_to) url.searchParams.set("redirect_to", body.redirect_to);
  return redirectTarget(settings, { request: call.request, url });
};

/** The link that a mail would carry, for those who send it themselves. */
export const generateLink = adminRoute(
  { method: "POST", path: "/admin/generate_link", body: Body },
  async (auth, call) => {
    const { body } = call;
    const prepared = await prepare(auth, body);
    const { account, secret } = await auth
      .transaction(call, (work) => keepLink(work, body, prepared), "Database error saving new user")
      .catch((error: unknown) => {
        throw error instanceof AddressTaken ? emailExists() : error;
      });
    const redirectTo = redirectOf(auth, call, body);
    return Response.json({
      ...userJson(account),
      action_link: actionLink(auth.apiUrl, typeInLink(prepared.type), secret.hash, redirectTo),
      email_otp: secret.code,
      hashed_token: secret.hash,
      verification_type: prepared.type,
      redirect_to: redirectTo,
    });
  },
);
