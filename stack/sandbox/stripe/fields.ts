import { z } from "zod";
import { type ApiError, invalidRequest } from "./errors.ts";
import type { Form } from "./form.ts";

// Everything on the wire is text. These parsers give it the type the API documents; the message of
// a failed check is `code|sentence`, which `problemOf` turns into the provider's error.

const fail = (code: string, sentence: string) => `${code}|${sentence}`;

export const text = (max = 5000) =>
  z
    .string()
    .min(1, fail("parameter_invalid_empty", "You passed an empty string; omit the parameter."))
    .max(max, fail("parameter_invalid_string_blank", `Must be at most ${max} characters.`));

export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, fail("parameter_invalid_integer", "Invalid integer"))
  .transform(Number);

const atLeast = (least: number) =>
  integer.refine((value) => value >= least, {
    error: fail(
      "parameter_invalid_integer",
      `This value must be greater than or equal to ${least}.`,
    ),
  });

/** The provider's ceiling: eight digits. */
const MAX_AMOUNT = 99_999_999;
export const amount = (least: number) =>
  atLeast(least).refine((value) => value <= MAX_AMOUNT, {
    error: fail("amount_too_large", `Amount must be no more than ${MAX_AMOUNT}.`),
  });
export const quantity = atLeast(1);

export const flag = z
  .enum(["true", "false"], { error: fail("", "Invalid boolean") })
  .transform((value) => value === "true");

const currencies = new Set(Intl.supportedValuesOf("currency").map((code) => code.toLowerCase()));
export const currency = z
  .string()
  .toLowerCase()
  .refine((code) => currencies.has(code), { error: fail("", "Invalid currency") });

const isWebAddress = (value: string) =>
  /^https?:\/\//i.test(value) && URL.canParse(value.replaceAll("{CHECKOUT_SESSION_ID}", "id"));
export const webAddress = text().refine(isWebAddress, {
  error: fail("url_invalid", "Not a valid URL"),
});
export const emailAddress = text(800).regex(
  /^[^\s@]+@[^\s@]+$/,
  fail("email_invalid", "Invalid email address"),
);

/** A list however it was written: `a[]=x` or `a[0]=x`. */
export const list = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(value)
            .sort(([a], [b]) => Number(a) - Number(b))
            .map(([, entry]) => entry)
        : value,
    z.array(item),
  );

/** Up to 50 keys; an empty value removes its key, an empty string removes all. */
export const metadata = z.union([
  z.literal("").transform(() => null),
  z
    .record(z.string().max(40), z.string().max(500))
    .refine((value) => Object.keys(value).length <= 50, {
      error: fail("", "Metadata may have at most 50 keys."),
    }),
]);
export type MetadataInput = z.infer<typeof metadata> | undefined;

/** `current` as changed by what was sent. */
export const mergeMetadata = (
  current: Record<string, string>,
  sent: MetadataInput,
): Record<string, string> => {
  if (sent === undefined) return current;
  if (sent === null) return {};
  const merged = Object.entries({ ...current, ...sent });
  return Object.fromEntries(merged.filter(([, value]) => value !== ""));
};

export const address = z
  .strictObject({
    city: z.string(),
    country: z.string(),
    line1: z.string(),
    line2: z.string(),
    postal_code: z.string(),
    state: z.string(),
  })
  .partial()
  .transform((sent) => ({
    city: sent.city || null,
    country: sent.country || null,
    line1: sent.line1 || null,
    line2: sent.line2 || null,
    postal_code: sent.postal_code || null,
    state: sent.state || null,
  }));

export const shipping = z
  .strictObject({
    address,
    name: z.string(),
    phone: z.string().optional(),
    carrier: z.string().optional(),
    tracking_number: z.string().optional(),
  })
  .transform((sent) => ({
    address: sent.address,
    name: sent.name,
    phone: sent.phone ?? null,
    carrier: sent.carrier ?? null,
    tracking_number: sent.tracking_number ?? null,
  }));

/** Accepted because real callers send it, and without effect here. */
export const ignored = z.unknown().optional();

const nameOf = (path: readonly PropertyKey[]) =>
  path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join("");

const valueAt = (form: Form, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, part) => {
    const isStep = typeof value === "object" && value !== null && part in value;
    return isStep ? Object.entries(value).find(([key]) => key === String(part))?.[1] : undefined;
  }, form);

const problemOf = (issue: z.core.$ZodIssue, form: Form): ApiError => {
  if (issue.code === "unrecognized_keys") {
    const param = nameOf([...issue.path, issue.keys[0] ?? ""]);
    return invalidRequest(`Received unknown parameter: ${param}`, param, "parameter_unknown");
  }
  const param = nameOf(issue.path);
  const sent = valueAt(form, issue.path);
  if (sent === undefined) {
    return invalidRequest(`Missing required param: ${param}.`, param, "parameter_missing");
  }
  if (issue.code === "invalid_union") {
    const [branch] = issue.errors.toReversed();
    const [inner] = branch ?? [];
    if (inner) return problemOf({ ...inner, path: [...issue.path, ...inner.path] }, form);
  }
  const [code = "", sentence] = issue.message.includes("|") ? issue.message.split("|") : [];
  const shown = typeof sent === "string" ? `: ${sent.slice(0, 100)}` : "";
  return invalidRequest(
    sentence?.endsWith(".") ? sentence : `${sentence ?? `Invalid ${param}`}${shown}`,
    param,
    code === "" ? undefined : code,
  );
};

/** The parameters as the operation declares them; the first thing wrong is thrown as a 400. */
export const parse = <T extends z.ZodType>(schema: T, form: Form): z.infer<T> => {
  const result = schema.safeParse(form);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw issue ? problemOf(issue, form) : invalidRequest("Invalid parameters.");
};
