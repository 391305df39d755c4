import type { z } from "zod";
import type { Access } from "./access.ts";
import type { Caller } from "./caller.ts";
import { bodyTooLarge, invalidRequest } from "./errors.ts";
import type { IncomingBody } from "./incoming.ts";
import { requireBucketName } from "./names.ts";
import type { Place } from "./objects.ts";

/** One request to Storage, on its way through a route. */
export interface Call {
  request: Request;
  url: URL;
  /** The decoded parts of the path that the route names. */
  params: Readonly<Record<string, string>>;
  body: IncomingBody;
  /** Nobody on routes that need no caller. */
  caller: Caller | null;
  access: Access;
}

export type Handler = (call: Call) => Promise<Response>;

/** The object that the path names. */
export const placeOf = ({ params }: Call): Place => ({
  bucket: requireBucketName(params.bucket ?? ""),
  key: params.key ?? "",
});

/** Most bytes of a JSON body. */
const jsonLimit = 1024 * 1024;

/** The JSON body as the schema has it; an absent one counts as `{}`. */
export const jsonBody = async <T>(call: Call, schema: z.ZodType<T>): Promise<T> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body.chunks()) {
    size += chunk.byteLength;
    if (size > jsonLimit) {
      throw bodyTooLarge();
    }
    parts.push(chunk);
  }
  return checked("body", parseJson(Buffer.concat(parts).toString("utf8")), schema);
};

export const queryOf = <T>({ url }: Call, schema: z.ZodType<T>): T =>
  checked("querystring", Object.fromEntries(url.searchParams), schema);

const parseJson = (text: string): unknown => {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest("Body is not valid JSON but content-type is set to 'application/json'");
  }
};

const checked = <T>(where: string, value: unknown, schema: z.ZodType<T>): T => {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidRequest(issue ? describe(where, issue) : `${where} is invalid`);
};

/** A broken rule in the words of Supabase Storage's validator. */
const describe = (where: string, issue: z.core.$ZodIssue): string => {
  const path = issue.path.map(String);
  if (issue.code === "invalid_type" && issue.input === undefined && path.length > 0) {
    const parent = [where, ...path.slice(0, -1)].join("/");
    return `${parent} must have required property '${path.at(-1)}'`;
  }
  const place = [where, ...path].join("/");
  switch (issue.code) {
    case "invalid_type":
      return `${place} must be ${issue.expected === "int" ? "integer" : issue.expected}`;
    case "too_small":
      return issue.origin === "array"
        ? `${place} must NOT have fewer than ${issue.minimum} items`
        : `${place} must be >= ${issue.minimum}`;
    case "too_big":
      return issue.origin === "array"
        ? `${place} must NOT have more than ${issue.maximum} items`
        : `${place} must be <= ${issue.maximum}`;
    case "invalid_value":
      return `${place} must be equal to one of the allowed values`;
    default:
      return `${place} ${issue.message}`;
  }
};
