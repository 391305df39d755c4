import { z } from "zod";
import { invalid } from "./auth-error.ts";

const Email = z.email();

/** The address in lower case; throws for what is none. */
export const emailAddress = (text: string): string => {
  if (text === "") throw invalid("An email address is required");
  if (text.length > 255) throw invalid("An email address is too long");
  if (!Email.safeParse(text).success) {
    throw invalid("Unable to validate email address: invalid format");
  }
  return text.toLowerCase();
};
