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

  /** Counts the messages, or says no. */
  const refuseTooMany = (count: number): Response | undefined => {
    const { messages } = ports.limits;
    if (messages.isExceeded()) return json(429, { message: "You have exceeded your rate limit" });
    if (messages.isExceeded(count)) {
      return json(429, {
        message: "Too many messages to broadcast, please reduce the batch size",
      });
    }
    messages.add(count);
    return undefined;
  };

  const batch = async (body: Buffer, caller: Caller): Promise<Response> => {
    const { messages, errors } = readBatch(parseJson(body));
    if (errors) return unprocessable(errors);
    const tooMany = refuseTooMany(messages.length);
    if (tooMany) return tooMany;
    const privateTopics = new Set(messages.filter((each) => each.private).map((m) => m.topic));
    const allowed = new Map<string, boolean>();
    await Promise.all(
      [...privateTopics].map(async (topic) => allowed.set(topic, await mayWrite(caller, topic))),
    );
    for (const { topic: name, event, payload, private: isPrivate } of messages) {
      // Supabase drops what the policies do not allow without telling the sender.
      if (isPrivate && !allowed.get(name)) continue;
      const topic: Topic = { name, private: isPrivate };
      ports.topics.publish(topic, envelope(event, JSON.stringify(payload)));
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
    const tooMany = refuseTooMany(1);
    if (tooMany) return tooMany;
    if (topic.private && !(await mayWrite(caller, topic.name))) {
      return json(403, { message: "Unauthorized" });
    }
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
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // Supabase's server wraps what is no object so; clients see the same here.
  const payload = isObject ? body : Buffer.from(JSON.stringify({ _json: value }));
  return { kind: "user", event, encoding: "json", body: payload };
};

const BatchBody = z.object({ messages: z.array(z.unknown()).min(1) });

const Text = z.string("is invalid").min(1, "can't be blank");
const fields = {
  topic: Text,
  event: Text,
  payload: z.record(z.string(), z.unknown(), "is invalid"),
};
const BatchMessage = z.object({ ...fields, private: z.boolean("is invalid").default(false) });

type BatchMessage = z.infer<typeof BatchMessage>;

type ReadBatch =
  | { messages: BatchMessage[]; errors?: undefined }
  | { messages?: undefined; errors: Record<string, unknown> };

/** The messages, or what is wrong with them in the form of Supabase's answer. */
const readBatch = (body: unknown): ReadBatch => {
  const { data } = BatchBody.safeParse(body);
  if (!data) return { errors: { messages: ["can't be blank"] } };
  const messages: BatchMessage[] = [];
  const problems = data.messages.map((value) => {
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

const problemsOf = (value: unknown, error: z.ZodError): Record<string, string[]> => {
  const given = new Set(typeof value === "object" && value !== null ? Object.keys(value) : []);
  return Object.fromEntries(
    error.issues.map(({ path: [field = "message"], message }) => {
      const missing = String(field) in fields && !given.has(String(field));
      return [String(field), [missing ? "can't be blank" : message]];
    }),
  );
};

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
