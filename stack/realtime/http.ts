import { z } from "zod";
import { type Access, type Credentials, Refused } from "./access.ts";
import type { Authorization } from "./authorization.ts";
import { type Limits, maximumPayload } from "./limits.ts";
import { type Broadcast, envelope, parseJson } from "./protocol.ts";
import type { Topic, Topics } from "./topics.ts";

export interface HttpPorts {
  credentials: Credentials;
  authorization: Authorization;
  topics: Topics;
  limits: Limits;
  log(message: string): void;
}

interface Caller {
  access: Access;
  headers: Record<string, string>;
}

const json = (status: number, body: unknown) => Response.json(body, { status });
const accepted = () => new Response(null, { status: 202 });
const unprocessable = (errors: unknown) => json(422, { errors });

const batchPath = /\/api\/broadcast\/?$/;
const singlePath = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/;

/** Enough for a batch: one payload of the largest size escaped, or many small ones. */
const maximumBody = 8_000_000;

/**
 * The broadcast endpoints: `POST …/api/broadcast` with `{messages: [{topic, event, payload, private}]}`
 * and `POST …/api/broadcast/:topic/events/:event?private=true` with the payload as the body.
 * Answers 202, 401, 403, 404, 413, 415, 422 or 429 as Supabase Realtime does.
 */
export const createHttpApi = (ports: HttpPorts) => {
  const mayWrite = async ({ access, headers }: Caller, topic: string): Promise<boolean> => {
    const { writable, problem } = await ports.authorization.ask({
      access,
      topic,
      headers,
      read: [],
      write: ["broadcast"],
    });
    if (problem) ports.log(`A policy on realtime.messages failed for ${topic}: ${problem}`);
    return writable.has("broadcast");
  };

  const tooMany = () => json(429, { message: "You have exceeded your rate limit" });

  const batch = async (body: Buffer, caller: Caller): Promise<Response> => {
    const given = body.length > 0 ? parseJson(body) : {};
    if (given === undefined) return json(400, { message: "Bad Request" });
    const { messages, errors } = readBatch(given);
    if (errors) return unprocessable(errors);
    const rate = ports.limits.messages;
    if (rate.isExceeded()) return tooMany();
    if (rate.isTooMuchAtOnce(messages.length)) {
      return json(429, {
        message: "Too many messages to broadcast, please reduce the batch size",
      });
    }
    const privateTopics = new Set(messages.filter((each) => each.private).map((m) => m.topic));
    const allowed = new Map<string, boolean>();
    await Promise.all(
      [...privateTopics].map(async (topic) => allowed.set(topic, await mayWrite(caller, topic))),
    );
    for (const { id, topic: name, event, payload, private: isPrivate } of messages) {
      // Supabase drops what the policies do not allow without telling the sender.
      if (isPrivate && !allowed.get(name)) continue;
      const topic: Topic = { name, private: isPrivate };
      const meta = id ? JSON.stringify({ id }) : undefined;
      rate.add();
      ports.topics.publish(topic, envelope(event, JSON.stringify(payload), meta));
    }
    return accepted();
  };

  const single = async (
    topic: Topic,
    event: string,
    body: Buffer,
    contentType: string | null,
    caller: Caller,
  ): Promise<Response> => {
    if (contentType && !/^application\/(json|octet-stream)\b/.test(contentType)) {
      return json(415, {
        error: "Unsupported Media Type. Use application/json or application/octet-stream",
      });
    }
    if (body.length > ports.limits.settings.payload) {
      return unprocessable({ payload: ["Payload size exceeds tenant limit"] });
    }
    const broadcast = contentType?.startsWith("application/octet-stream")
      ? ({ kind: "user", event, encoding: "binary", body } as const)
      : jsonBroadcast(event, body);
    if (!broadcast) return json(400, { message: "Bad Request" });
    if (ports.limits.messages.isReached()) return tooMany();
    if (topic.private && !(await mayWrite(caller, topic.name))) {
      return json(403, { message: "Unauthorized" });
    }
    ports.limits.messages.add();
    ports.topics.publish(topic, broadcast);
    return accepted();
  };

  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const path = singlePath.exec(url.pathname);
    if (!path && !batchPath.test(url.pathname)) return json(404, { message: "Not found" });
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (request.method !== "POST") return json(404, { message: "Not found" });
    const caller = await callerOf(request, ports.credentials);
    if (!caller) return json(401, { message: "Unauthorized" });
    const body = await readBody(request);
    if (!body) return json(413, { message: "Request Entity Too Large" });
    try {
      if (!path) return await batch(body, caller);
      const [name, event] = [decoded(path[1]), decoded(path[2])];
      if (!name || !event) return json(400, { message: "Bad Request" });
      const topic = { name, private: url.searchParams.get("private") === "true" };
      return await single(topic, event, body, request.headers.get("content-type"), caller);
    } catch (error) {
      ports.log(`Realtime could not authorise a broadcast: ${error}`);
      return json(422, { message: "Tenant database unavailable" });
    }
  };
};

const callerOf = async (request: Request, credentials: Credentials): Promise<Caller | null> => {
  const bearer = /^bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const credential = bearer ?? request.headers.get("apikey");
  if (!credential) return null;
  try {
    const access = await credentials.accessOf(credential);
    const headers = Object.fromEntries(
      [...request.headers].filter(([name]) => name !== "authorization" && name !== "apikey"),
    );
    return { access, headers };
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
};

const jsonBroadcast = (event: string, body: Buffer): Broadcast | null => {
  const value = parseJson(body);
  if (value === undefined) return null;
  // Supabase's server wraps what is no object so; clients see the same here.
  const payload = isRecord(value) ? body : Buffer.from(JSON.stringify({ _json: value }));
  return { kind: "user", event, encoding: "json", body: payload };
};

const BatchBody = z.object({ messages: z.unknown() });

const Text = z.string("is invalid").regex(/\S/, "can't be blank");
const fields = {
  topic: Text,
  event: Text,
  payload: z.record(z.string(), z.unknown(), "is invalid"),
};
const Truth = z
  .union([z.boolean(), z.enum(["true", "1", "false", "0"])], "is invalid")
  .transform((value) => value === true || value === "true" || value === "1");
const BatchMessage = z.object({
  ...fields,
  private: Truth.nullish().transform((value) => value ?? false),
  /** Comes with the message as `meta.id`. */
  id: z.string("is invalid").nullish(),
});

type BatchMessage = z.infer<typeof BatchMessage>;

type ReadBatch =
  | { messages: BatchMessage[]; errors?: undefined }
  | { messages?: undefined; errors: Record<string, unknown> };

/** The messages, or what is wrong with them in the form of Supabase's answer. */
const readBatch = (body: unknown): ReadBatch => {
  const listed = BatchBody.safeParse(body).data?.messages ?? [];
  const given = isRecord(listed) ? Object.values(listed) : listed;
  if (!Array.isArray(given) || !given.every(isRecord)) {
    return { errors: { messages: ["is invalid"] } };
  }
  if (given.length === 0) return { errors: { messages: ["can't be blank"] } };
  const messages: BatchMessage[] = [];
  const problems = given.map((value) => {
    const read = BatchMessage.safeParse(value);
    if (!read.success) return problemsOf(value, read.error);
    if (JSON.stringify(read.data.payload).length > maximumPayload) {
      return { payload: ["Payload size exceeds tenant limit"] };
    }
    messages.push(read.data);
    return {};
  });
  return messages.length === problems.length ? { messages } : { errors: { messages: problems } };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const problemsOf = (value: Record<string, unknown>, error: z.ZodError) =>
  Object.fromEntries(
    error.issues.map(({ path: [field], message }) => {
      const name = String(field);
      const missing = name in fields && (value[name] ?? null) === null;
      return [name, [missing ? "can't be blank" : message]];
    }),
  );

const decoded = (part: string | undefined): string | null => {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    return null;
  }
};

/** The body, or null when it is larger than anything that could be broadcast. */
const readBody = async (request: Request): Promise<Buffer | null> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maximumBody) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
