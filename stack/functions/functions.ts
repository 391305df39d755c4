import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { forwardedHeaders, functionName, functionPath } from "./addressing.ts";
import { platformAnswer } from "./answers.ts";
import { deliver, refuse, region } from "./deliver.ts";
import { forwarded } from "./forward.ts";
import { type Limits, supabaseLimits } from "./limits.ts";
import {
  type FunctionSettings,
  type LocatedFunction,
  locateFunction,
  nearestModules,
} from "./locate.ts";
import { startReaper } from "./reaper.ts";
import { secretReader, type Variables, withoutReserved } from "./secrets.ts";
import { createSupervisor, type Figures, type Supervisor } from "./supervisor.ts";
import { openTunnel, refuseUpgrade } from "./tunnel.ts";
import { refusal, type VerifyToken } from "./verify.ts";
import { watchFiles } from "./watch-files.ts";
import { startWorker, type Worker, WorkerGone, type WorkerOptions } from "./worker.ts";

export interface FunctionsOptions {
  /** The project's `supabase/functions` folder. */
  root: string;
  verifyToken: VerifyToken;
  /** `[functions.NAME]` blocks; a function without one has the CLI's defaults. */
  config: Record<string, FunctionSettings>;
  /** `[edge_runtime.secrets]`; those in `functions/.env` take precedence. */
  secrets?: Variables;
  /** What every function gets besides, given the secrets of the moment, which take precedence. */
  env(secrets: Variables): Variables;
  log(message: string): void;
  limits?: Partial<Limits>;
}

export interface FunctionsRuntime {
  /** Answers requests to `/functions/v1/NAME/…`; `peer` is the client's address. */
  fetch(request: Request, peer?: string): Promise<Response>;
  /** Connects WebSockets to functions that accept them. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Processes that run, and those that had to be replaced so far. */
  figures(): Figures;
  /** Lets running requests finish for a moment, then ends every process. */
  stop(): Promise<void>;
}

/**
 * Runs Edge Functions in real Deno, one process a function, as Supabase does: started by the first
 * request, ended when nobody calls it or a limit is reached, replaced when its files change, started
 * anew after a crash.
 */
export const createFunctionsRuntime = async (
  options: FunctionsOptions,
): Promise<FunctionsRuntime> => {
  const { root, config, log } = options;
  const limits = { ...supabaseLimits, ...options.limits };
  const reaper = startReaper();
  const supervisors = new Map<string, Supervisor>();
  const readSecrets = secretReader(root, options.secrets ?? {}, log);
  let isStopped = false;

  const start = (located: LocatedFunction, onHalfUsed: WorkerOptions["onHalfUsed"]): Worker => {
    const secrets = { ...readSecrets(), ...withoutReserved(located.env) };
    return startWorker({
      located,
      modules: nearestModules(root),
      env: {
        ...options.env(secrets),
        ...secrets,
        SUPABASE_FUNCTION_SLUG: located.name,
        SB_REGION: region,
      },
      limits,
      reaper,
      onHalfUsed,
      log,
    });
  };

  const locate = (name: string): LocatedFunction | undefined => {
    if (isStopped) return undefined;
    return locateFunction(root, name, Object.hasOwn(config, name) ? config[name] : undefined);
  };

  const supervisorOf = (located: LocatedFunction): Supervisor => {
    const known = supervisors.get(located.name);
    if (known) return known;
    const supervisor = createSupervisor({
      // Where its files lie may have changed since.
      start: (onHalfUsed) => start(locate(located.name) ?? located, onHalfUsed),
    });
    supervisors.set(located.name, supervisor);
    return supervisor;
  };

  /** The function that a request is for, or the answer that it gets instead. */
  const admit = async (
    url: URL,
    request: { method: string; headers: Headers },
  ): Promise<LocatedFunction | Response> => {
    const located = locate(functionName(url));
    if (!located) return platformAnswer("NOT_FOUND");
    const refused = located.verifyJwt ? await refusal(request, options.verifyToken) : undefined;
    if (!refused) return located;
    return platformAnswer(refused.code, refused.message ? { message: refused.message } : {});
  };

  const unwatch = await watchFiles(
    root,
    (changed) => {
      for (const [name, supervisor] of supervisors) {
        const liesElsewhere = config[name]?.entrypoint !== undefined;
        if (!changed || changed === name || liesElsewhere) supervisor.renew();
      }
    },
    (error) => log(`Functions are not watched: ${String(error)}`),
  );

  const upgrade = async (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const headers = new Headers(forwardedFrom(incoming));
    const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "127.0.0.1"}`);
    const admitted = await admit(url, { method: "GET", headers });
    if (admitted instanceof Response) return await refuseUpgrade(socket, admitted);
    try {
      await openTunnel(incoming, socket, head, {
        supervisor: supervisorOf(admitted),
        path: functionPath(url),
        headers: forwardedHeaders(url, headers, incoming.socket.remoteAddress),
        limit: limits.answer,
      });
    } catch (error) {
      const gone =
        error instanceof WorkerGone ? error : new WorkerGone("IDLE_TIMEOUT", String(error));
      await refuseUpgrade(socket, refuse(gone, admitted.name));
    }
  };

  return {
    fetch: async (request, peer) => {
      const url = new URL(request.url);
      const admitted = await admit(url, request);
      if (admitted instanceof Response) return admitted;
      return await deliver(request, {
        name: admitted.name,
        supervisor: supervisorOf(admitted),
        path: functionPath(url),
        headers: forwardedHeaders(url, request.headers, peer),
        limit: limits.answer,
        log,
      });
    },
    handleUpgrade: (incoming, socket, head) => {
      upgrade(incoming, socket, head).catch((error: unknown) => {
        log(`A WebSocket to a function failed: ${String(error)}`);
        socket.destroy();
      });
    },
    figures: () => {
      const all = [...supervisors.values()].map((one) => one.figures());
      const sum = (figure: keyof Figures) => all.reduce((total, one) => total + one[figure], 0);
      return { workers: sum("workers"), restarts: sum("restarts") };
    },
    stop: async () => {
      isStopped = true;
      await unwatch();
      await Promise.all([...supervisors.values()].map((one) => one.stop(limits.stopping)));
      reaper.stop();
    },
  };
};

const forwardedFrom = ({ headersDistinct }: IncomingMessage): Variables =>
  forwarded(
    Object.entries(headersDistinct).map(([name, values = []]): [string, string] => [
      name,
      values.join(", "),
    ]),
  );
