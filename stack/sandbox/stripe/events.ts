import { z } from "zod";
import type { Deliveries } from "./deliveries.ts";
import { missing } from "./errors.ts";
import { list, parse, text } from "./fields.ts";
import { newId } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import type { Operation } from "./operation.ts";
import type { EventRecord, Store } from "./store.ts";
import { API_VERSION, type Cause, type Subject } from "./world.ts";

/** Records an event with its subject as it is now, and queues it for every endpoint that wants it. */
export const recordEvent = (
  { store, deliveries, now }: { store: Store; deliveries: Deliveries; now: number },
  type: string,
  subject: Subject,
  cause: Cause,
  previous?: object,
): void => {
  const id = newId.event();
  const endpoints = deliveries.endpointsFor(type);
  const payload = JSON.stringify({
    id,
    object: "event",
    api_version: API_VERSION,
    created: now,
    data: { object: subject, ...(previous ? { previous_attributes: previous } : {}) },
    livemode: false,
    pending_webhooks: endpoints.length,
    request: cause,
    type,
  });
  const record: EventRecord = { id, type, created: now, about: subject.id, payload };
  store.events.put(record);
  for (const endpoint of endpoints) deliveries.queue(record, endpoint);
};

const Payload = z.looseObject({ id: z.string(), created: z.number() });
const wireEvent = ({ payload }: EventRecord) => Payload.parse(JSON.parse(payload));

const matches = (type: string, pattern: string): boolean =>
  pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;

export const eventOperations: readonly Operation[] = [
  {
    method: "GET",
    path: "/v1/events",
    run: ({ form, world }) => {
      const page = parse(
        z.strictObject({
          ...listFields,
          type: text().optional(),
          types: list(text()).optional(),
        }),
        form,
      );
      const wanted = page.types ?? (page.type === undefined ? ["*"] : [page.type]);
      const records = world.store.events
        .newestFirst()
        .filter(({ type }) => wanted.some((pattern) => matches(type, pattern)));
      const listed = listPage("/v1/events", records, page);
      return { ...listed, data: listed.data.map(wireEvent) };
    },
  },
  {
    method: "GET",
    path: "/v1/events/:id",
    run: ({ id, world }) => {
      const record = world.store.events.get(id);
      if (!record) throw missing("event", id);
      return wireEvent(record);
    },
  },
];
