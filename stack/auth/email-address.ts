import { z } from "zod";
import { invalid } from "./auth-error.ts";

// As GoTrue's (badoux/checkmail): a host without a dot, such as localhost, will do.
const Email = z.email({ pattern: z.regexes.html5Email });

/** The address in lower case; throws for what is none. */
export const emailAddress = (text: string): string => {
  if (text === "") throw invalid("An email address is required");
  if (Buffer.byteLength(text) > 255) throw invalid("An email address is too long");
  if (!Email.safeParse(text).success) {
    throw invalid("Unable to validate email address: invalid format");
  }
  return text.toLowerCase();
};
