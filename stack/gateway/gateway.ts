import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Logger } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import { TextResponse } from "../text-response.ts";
import { refuseUnread, sendText } from "./answer.ts";
import { hasBody, readBody, tooLarge } from "./body.ts";
import { type Client, clientOf } from "./client.ts";
import { guardConnections } from "./connections.ts";
import { createCors, isPreflight } from "./cors.ts";
import { checkHead, malformed, pathOf, presentedKey } from "./head.ts";
import { createRateLimits, type RateLimitPorts } from "./rate-limits.ts";
import { Refusal, refusalBody } from "./refusal.ts";
import { requestIdOf } from "./request-id.ts";
import { dataHeaders, strictTransport, withHeaders } from "./security-headers.ts";
import { type Service, type ServicePorts, serviceTable, socketTable } from "./services.ts";
import type { GatewaySettings } from "./settings.ts";
import { createSlowBodies } from "./slow-bodies.ts";
import { serveUpgrades } from "./upgrade.ts";

export interface GatewayPorts extends ServicePorts, Omit<RateLimitPorts, "onLimited"> {
  metrics: Metrics;
  log: Logger;
}

/** One request on its way through. */
interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  id: string;
  path: string;
  client: Client;
  service: Service | undefined;
  /** The page that asks, if one does. */
  origin: string | null;
  /** Headers that the way adds to the answer. */
  added: Record<string, string>;
}

/** The one address that clients talk to. */
export const createGateway = (ports: GatewayPorts, settings: GatewaySettings): Server => {
  const { metrics, log } = ports;
  const { times, trustedProxies } = settings;
  const services = serviceTable(ports, settings.sizes);
  const cors = createCors(settings.corsOrigins);
  const rateLimits = createRateLimits(settings.rateLimits, {
    userOf: ports.userOf,
    keyNameOf: ports.keyNameOf,
    onLimited: metrics.limited,
  });
  const slowBodies = createSlowBodies({ grace: times.bodyGrace, rate: settings.bodyRate });

  const count = (incoming: IncomingMessage, { address }: Client) =>
    rateLimits.take({
      address,
      apiKey: presentedKey(incoming),
      authorization: incoming.headers.authorization,
    });

  /** Rejects when the body comes too slowly or never ends; hangs up if it is answered already. */
  const untilRefused = ({ incoming, outgoing }: Exchange, service: Service): Promise<never> =>
    new Promise((_, reject) => {
      // The size of a body that is read whole is counted where it is read.
      const bounds = service.body === "whole" ? { time: times.body } : { size: service.limit };
      slowBodies.watch(incoming, bounds, (refusal) => {
        if (outgoing.headersSent) incoming.destroy();
        else reject(refusal);
      });
    });

  const serve = async (request: Request, exchange: Exchange, service: Service) => {
    const { incoming, client } = exchange;
    if (!hasBody(incoming)) return service.fetch(request, client.address);
    if (Number(incoming.headers["content-length"] ?? 0) > service.limit) {
      throw tooLarge(service.limit);
    }
    const refused = untilRefused(exchange, service);
    if (service.body === "stream") {
      return Promise.race([service.fetch(request, client.address), refused]);
    }
    const body = await Promise.race([readBody(incoming, service.limit), refused]);
    // Where the listener looks for a body that was read before it.
    Object.assign(incoming, { rawBody: body });
    return service.fetch(request, client.address);
  };

  const route = async (request: Request, exchange: Exchange): Promise<Response> => {
    const { incoming, service, path, client, origin, added } = exchange;
    checkHead(incoming, path, settings);
    if (!service?.isUnlimited) Object.assign(added, await count(incoming, client));
    if (!service) throw new Refusal(404, "not_found", `There is nothing at ${path}.`);
    const answersItself = service.ownCors && (cors.isOpen || cors.allows(origin));
    if (isPreflight(request) && !answersItself) return cors.preflight(request);
    request.headers.set("x-request-id", exchange.id);
    request.headers.set("x-forwarded-for", client.address);
    return serve(request, exchange, service);
  };

  /** What every answer carries, whoever gives it. */
  const complete = (response: Response, exchange: Exchange): Response => {
    const { service, origin, client, added } = exchange;
    const answer = withHeaders(response, service?.headers ?? dataHeaders);
    if (service?.ownCors) cors.tighten(answer.headers, origin);
    else cors.apply(answer.headers, origin);
    for (const name in added) answer.headers.set(name, added[name] ?? "");
    if (client.isSecure) answer.headers.set("strict-transport-security", strictTransport);
    return answer;
  };

  const refuse = (refusal: Refusal, exchange: Exchange): Response => {
    const { incoming, outgoing } = exchange;
    // The gateway's own words, so also its own headers.
    const answer = complete(plainAnswer(refusal), { ...exchange, service: undefined });
    if (!hasBody(incoming) || incoming.complete) return answer;
    refuseUnread(incoming, outgoing, refusal, Object.fromEntries(answer.headers));
    return RESPONSE_ALREADY_SENT;
  };

  const failure = (error: unknown, { id, path, incoming }: Exchange): Refusal => {
    const { method } = incoming;
    log.error({ request_id: id, method, path, err: error }, "a service failed to answer");
    return new Refusal(500, "internal", "The local stack failed; its log says more.");
  };

  const note = (exchange: Exchange, status: number, milliseconds: number) => {
    const { incoming, service, id, path, client } = exchange;
    const name = service?.name ?? "none";
    metrics.answered(name, incoming.method, status, milliseconds / 1000);
    const isFailure = status >= 500 && !service?.isUnlimited;
    if (!isFailure && (settings.accessLog === 0 || Math.random() >= settings.accessLog)) return;
    const entry = {
      request_id: id,
      service: name,
      method: incoming.method,
      // Without the query, which may hold keys and people's data.
      path,
      status,
      ms: Math.round(milliseconds * 10) / 10,
      ip: client.address,
    };
    if (isFailure) log.warn(entry, "request failed");
    else log.info(entry, "request");
  };

  const handle = async (
    request: Request,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<Response> => {
    const began = performance.now();
    metrics.began();
    const id = requestIdOf(incoming.headers);
    const path = pathOf(request.url);
    const exchange: Exchange = {
      incoming,
      outgoing,
      id,
      path,
      client: clientOf(incoming, trustedProxies),
      service: services.find(({ prefix }) => path.startsWith(prefix)),
      origin: incoming.headers.origin ?? null,
      added: { "x-request-id": id, "sb-request-id": id },
    };
    let status = 500;
    try {
      const answer = complete(await route(request, exchange), exchange);
      status = answer.status;
      return answer instanceof TextResponse ? sendText(answer, outgoing) : answer;
    } catch (error) {
      const refusal = error instanceof Refusal ? error : failure(error, exchange);
      status = refusal.status;
      return refuse(refusal, exchange);
    } finally {
      metrics.ended();
      note(exchange, status, performance.now() - began);
    }
  };

  const server = createServer(
    {
      headersTimeout: times.head,
      // Bodies have a pace to keep instead of a time, see `slowBodies`.
      requestTimeout: 0,
      keepAliveTimeout: times.keepAlive,
      connectionsCheckingInterval: Math.min(5_000, times.head / 2),
      maxHeaderSize: settings.sizes.head,
      // Said below in the API's own words.
      requireHostHeader: false,
    },
    getRequestListener(
      (request, { incoming, outgoing }) => {
        if (incoming instanceof IncomingMessage && outgoing instanceof ServerResponse) {
          return handle(request, incoming, outgoing);
        }
        throw new TypeError("The gateway speaks HTTP/1.1 only.");
      },
      {
        overrideGlobalObjects: false,
        // Only for what is no request yet: `handle` never throws.
        errorHandler: (error) => {
          const reason = error instanceof Error ? error.message : "its address is none";
          return withHeaders(plainAnswer(malformed(reason.toLowerCase())), dataHeaders);
        },
      },
    ),
  );
  server.timeout = times.stalled;
  const connections = guardConnections(server, {
    perIp: trustedProxies > 0 ? Number.POSITIVE_INFINITY : settings.connectionsPerIp,
  });
  metrics.watchConnections(connections.count);
  serveUpgrades(server, {
    admit: async (incoming) => {
      checkHead(incoming, "/", settings);
      const client = clientOf(incoming, trustedProxies);
      await count(incoming, client);
      if (!cors.allows(incoming.headers.origin)) {
        throw new Refusal(403, "origin_not_allowed", "Pages of this origin may not connect.");
      }
      return client;
    },
    services: socketTable(ports),
    log,
  });
  server.on("close", slowBodies.stop);
  return server;
};

const plainAnswer = (refusal: Refusal): Response =>
  new Response(refusalBody(refusal), {
    status: refusal.status,
    headers: { "content-type": "application/json", ...refusal.headers },
  });
