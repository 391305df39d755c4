import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { createDoorkeeper, legacyKeys } from "../../stack/auth/api-keys.ts";
import { createTokens } from "../../stack/auth/tokens.ts";
import { openProject } from "../../stack/database/project.ts";
import { createGateway } from "../../stack/gateway/gateway.ts";
import type { SocketService } from "../../stack/gateway/services.ts";
import { gatewaySettings } from "../../stack/gateway/settings.ts";
import { localKeys } from "../../stack/keys.ts";
import { closeServer, listenerOf, listenOn } from "../../stack/listen.ts";
import { createMetrics } from "../../stack/observability/metrics.ts";
import { createRest } from "../../stack/rest/rest.ts";
import { percentile } from "../../tools/support/figures.ts";
import type { Figure } from "../support/bench.ts";
import { type HttpClient, httpClient } from "../support/http.ts";
import { round } from "../support/load.ts";

const path = "/rest/v1/product_listing?select=slug,title,price&limit=1";
const nobody = async () => new Response(null, { status: 404 });
const nothing: SocketService = { fetch: nobody, handleUpgrade: (_, socket) => socket.destroy() };

/**
 * G1: what the gateway adds to a request. The same GET goes to REST behind a bare listener and
 * behind the gateway, in turns, in one process on one database.
 */
export const gatewayOverhead = async (
  report: (figure: Omit<Figure, "on">) => void,
  { rounds = 40, perRound = 50 }: { rounds?: number; perRound?: number } = {},
): Promise<void> => {
  const database = await openProject({ folder: "supabase", seeds: ["./seed.sql"] });
  const servers: Server[] = [];
  const clients: HttpClient[] = [];
  const serve = async (server: Server): Promise<HttpClient> => {
    servers.push(await listenOn(server, 0));
    const client = httpClient(`http://127.0.0.1:${portOf(server.address())}`, 1);
    clients.push(client);
    return client;
  };
  try {
    const tokens = createTokens(localKeys.jwtSecret);
    const keys = { ...localKeys, ...(await legacyKeys(tokens)) };
    const doorkeeper = createDoorkeeper(keys, tokens);
    const rest = await createRest({
      database,
      doorkeeper,
      api: { schemas: ["public"], extra_search_path: ["public", "extensions"], max_rows: 1000 },
    });
    const gateway = createGateway(
      {
        rest: rest.fetch,
        auth: nobody,
        storage: nobody,
        functions: nothing,
        realtime: nothing,
        operations: nobody,
        userOf: async () => undefined,
        keyNameOf: () => undefined,
        metrics: createMetrics({
          databaseSeconds: async () => 0,
          cache: async () => ({ hits: 0, reads: 0 }),
          queues: async () => [],
          realtime: () => ({ connections: 0, channels: 0, messages: 0 }),
          functions: () => ({ workers: 0, restarts: 0 }),
        }),
        log: pino({ level: "silent" }),
      },
      gatewaySettings(),
    );
    const bare = await serve(createServer(listenerOf(rest.fetch)));
    const whole = await serve(gateway);
    const headers = { apikey: keys.publishable, authorization: `Bearer ${keys.publishable}` };
    const ask = (client: HttpClient) => async () => {
      const { status, body } = await client.send({ path, headers });
      if (status !== 200) throw new Error(`${status} ${body}`);
    };

    const [bareTime, wholeTime] = await inTurns(rounds, perRound, {
      bare: ask(bare),
      whole: ask(whole),
    });
    const added = wholeTime - bareTime;
    const share = (100 * added) / bareTime;
    report({
      id: "G1",
      what: "what the gateway adds to a GET, of REST's own handling",
      value: round(share, 1),
      unit: "%",
      budget: "≤ 20",
      passed: share <= 20,
      detail: {
        addedMs: round(added, 3),
        bareMs: round(bareTime, 3),
        gatewayMs: round(wholeTime, 3),
      },
    });
    await rest.stop();
  } finally {
    for (const client of clients) client.close();
    await Promise.all(servers.map(closeServer));
    await database.close();
  }
};

type Work = () => Promise<void>;

/**
 * Median milliseconds of two works. They take turns in short rounds, so that whatever else the
 * machine does meets all of them alike.
 */
const inTurns = async (
  rounds: number,
  perRound: number,
  { bare, whole }: { bare: Work; whole: Work },
): Promise<[bare: number, whole: number]> => {
  const measured = [bare, whole].map((work) => ({ work, times: [] as number[] }));
  const warmUp = 5;
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { work, times } of measured) {
      for (let sent = 0; sent < perRound; sent++) {
        const began = performance.now();
        await work();
        if (round >= warmUp) times.push(performance.now() - began);
      }
    }
  }
  const [first = 0, second = 0] = measured.map(({ times }) =>
    percentile(Float64Array.from(times).sort(), 0.5),
  );
  return [first, second];
};

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === "object" ? address.port : 0;
