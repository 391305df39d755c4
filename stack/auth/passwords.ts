import bcrypt from "bcryptjs";
import { AuthError, invalid } from "./auth-error.ts";
import type { AuthSettings } from "./settings.ts";

/** bcrypt's cost in GoTrue. */
const cost = 10;

/** What bcrypt reads of a password, in bytes; a longer one would be cut silently. */
const longest = 72;

/** Takes tens of milliseconds of this thread in slices; never call it within a transaction. */
export const hashPassword = (password: string): Promise<string> => bcrypt.hash(password, cost);

/** As `hashPassword`; false for a user without a password. */
export const isPassword = async (password: string, hash: string | null): Promise<boolean> =>
  hash ? bcrypt.compare(password, hash) : false;

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const digits = "0123456789";
const symbols = "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~";

/** Sets of which a password needs a character each. */
const requirements: Readonly<Record<AuthSettings["password_requirements"], readonly string[]>> = {
  "": [],
  letters_digits: [lower + upper, digits],
  lower_upper_letters_digits: [lower, upper, digits],
  lower_upper_letters_digits_symbols: [lower, upper, digits, symbols],
};

const weaknessesOf = (settings: AuthSettings, password: string): AuthError | null => {
  const sets = requirements[settings.password_requirements];
  const messages: string[] = [];
  const weaknesses: string[] = [];
  if (Buffer.byteLength(password) < settings.minimum_password_length) {
    weaknesses.push("length");
    messages.push(`Password should be at least ${settings.minimum_password_length} characters.`);
  }
  if (sets.some((set) => ![...password].some((character) => set.includes(character)))) {
    weaknesses.push("characters");
    messages.push(`Password should contain at least one character of each: ${sets.join(", ")}.`);
  }
  if (weaknesses.length === 0) return null;
  return new AuthError(422, "weak_password", messages.join(" "), { weaknesses });
};

/** Throws for a password that is longer than what is read of it. */
export const checkPasswordLength = (password: string): void => {
  if (Buffer.byteLength(password) > longest) {
    throw invalid(`Password cannot be longer than ${longest} characters`);
  }
};

/** Throws for a password that is too long or weaker than config.toml asks for. */
export const checkPassword = (settings: AuthSettings, password: string): void => {
  checkPasswordLength(password);
  const weak = weaknessesOf(settings, password);
  if (weak) throw weak;
};

/** What to tell somebody who signs in with a password that is no longer strong enough. */
export const weakPasswordJson = (settings: AuthSettings, password: string) => {
  const weak = weaknessesOf(settings, password);
  return weak && { message: weak.message, reasons: weak.weaknesses };
};
