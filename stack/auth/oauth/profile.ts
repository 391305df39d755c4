import type { Metadata } from "../user-changes.ts";

/** An address that a provider says is somebody's. */
export interface ProfileEmail {
  /** In lower case. */
  address: string;
  verified: boolean;
  primary: boolean;
}

/** Who somebody is to a provider. */
export interface Profile {
  /** `google`, `github`. */
  provider: string;
  /** Their id there. */
  subject: string;
  /** At least one. */
  emails: readonly ProfileEmail[];
  /** The primary address, or the last one. */
  email: ProfileEmail;
  /** What an identity keeps of them. */
  data: Metadata;
}

/** A provider told too little to sign anybody in. */
export class ProfileIncomplete extends Error {
  override name = "ProfileIncomplete";
}

/** Leaves out what is empty, as GoTrue's claims do. */
const present = (fields: Metadata): Metadata =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""),
  );

/** A profile from what a provider says; throws `ProfileIncomplete` without an address. */
export const profileOf = (
  provider: string,
  subject: string,
  emails: readonly ProfileEmail[],
  claims: Metadata,
): Profile => {
  const lower = emails.map((one) => ({ ...one, address: one.address.toLowerCase() }));
  const email = lower.find(({ primary }) => primary) ?? lower.at(-1);
  if (!email) throw new ProfileIncomplete("Error getting user email from external provider");
  const data = {
    ...present({ ...claims, sub: subject, provider_id: subject, email: email.address }),
    email_verified: email.verified,
    phone_verified: false,
  };
  return { provider, subject, emails: lower, email, data };
};
