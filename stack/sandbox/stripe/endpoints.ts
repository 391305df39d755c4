import type { Stripe } from "stripe";
import { z } from "zod";
import { missing } from "./errors.ts";
import { flag, list, mergeMetadata, metadata, parse, text, webAddress } from "./fields.ts";
import { newId } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import type { Operation } from "./operation.ts";
import type { EndpointRecord, Store } from "./store.ts";
import { API_VERSION, type World } from "./world.ts";

/** The endpoint that the stack itself configures. */
export const MAIN_ENDPOINT = "we_sandbox";

const newEndpoint = (
  id: string,
  url: string,
  enabledEvents: string[],
  created: number,
): Stripe.WebhookEndpoint => ({
  id,
  object: "webhook_endpoint",
  api_version: API_VERSION,
  application: null,
  created,
  description: null,
  enabled_events: enabledEvents,
  livemode: false,
  metadata: {},
  status: "enabled",
  url,
});

/** Points the stack's own endpoint to `url`, whatever an earlier run had. */
export const setMainEndpoint = (store: Store, url: string, secret: string, now: number): void => {
  const object = newEndpoint(MAIN_ENDPOINT, url, ["*"], now);
  store.endpoints.put({ id: MAIN_ENDPOINT, object, secret });
};

const findEndpoint = (world: World, id: string): EndpointRecord => {
  const record = world.store.endpoints.get(id);
  if (!record) throw missing("webhook endpoint", id);
  return record;
};

const Fields = {
  url: webAddress,
  enabled_events: list(text()),
  description: text().optional(),
  metadata: metadata.optional(),
};

export const endpointOperations: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/webhook_endpoints",
    run: ({ form, world }) => {
      const sent = parse(z.strictObject({ ...Fields, api_version: text().optional() }), form);
      const id = newId.endpoint();
      const object = newEndpoint(id, sent.url, sent.enabled_events, world.now());
      object.description = sent.description ?? null;
      object.metadata = mergeMetadata({}, sent.metadata);
      const secret = newId.signingSecret();
      world.store.endpoints.put({ id, object, secret });
      // The secret is shown this once.
      return { ...object, secret };
    },
  },
  {
    method: "GET",
    path: "/v1/webhook_endpoints",
    run: ({ form, world }) => {
      const page = parse(z.strictObject(listFields), form);
      const endpoints = world.store.endpoints.newestFirst().map(({ object }) => object);
      return listPage("/v1/webhook_endpoints", endpoints, page);
    },
  },
  {
    method: "GET",
    path: "/v1/webhook_endpoints/:id",
    run: ({ id, world }) => findEndpoint(world, id).object,
  },
  {
    method: "POST",
    path: "/v1/webhook_endpoints/:id",
    run: ({ id, form, world }) => {
      const record = findEndpoint(world, id);
      const schema = z.strictObject({ ...Fields, disabled: flag }).partial();
      const sent = parse(schema, form);
      const { object } = record;
      object.url = sent.url ?? object.url;
      object.enabled_events = sent.enabled_events ?? object.enabled_events;
      object.description = sent.description ?? object.description;
      object.metadata = mergeMetadata(object.metadata, sent.metadata);
      if (sent.disabled !== undefined) object.status = sent.disabled ? "disabled" : "enabled";
      world.store.endpoints.put(record);
      return object;
    },
  },
  {
    method: "DELETE",
    path: "/v1/webhook_endpoints/:id",
    run: ({ id, world }) => {
      findEndpoint(world, id);
      world.store.endpoints.delete(id);
      return { id, object: "webhook_endpoint", deleted: true };
    },
  },
];
