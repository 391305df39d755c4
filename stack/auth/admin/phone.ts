import { invalid } from "../auth-error.ts";

/** The number as GoTrue keeps it, E.164 without `+`; throws for what is none. */
export const phoneNumber = (text: string): string => {
  const digits = text.replace(/^\+/, "").replaceAll(" ", "");
  if (!/^[1-9]\d{1,14}$/.test(digits)) {
    throw invalid("Invalid phone number format (E.164 required)");
  }
  return digits;
};
