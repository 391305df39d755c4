import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { watch } from "chokidar";
import { platformAnswer } from "./answers.ts";
import { forward, NoAnswerInTime } from "./forward.ts";
import {
  type FunctionSettings,
  type LocatedFunction,
  locateFunction,
  nearestModules,
} from "./locate.ts";
import { startReaper } from "./reaper.ts";
import { readFunctionSecrets } from "./secrets.ts";
import { refusal, type VerifyToken } from "./verify.ts";
import { startWorker, type Worker, WorkerGone } from "./worker.ts";

export interface FunctionsOptions {
  /** The project's `supabase/functions` folder. */
  root: string;
  /** `[functions.NAME]` blocks; a function without one has the CLI's defaults. */
  config: Record<string, FunctionSettings>;
  /** What every function gets beside `functions/.env`, whose secrets take precedence. */
  env: Record<string, string>;
  /** The claims of a genuine token; throws for any other. */
  verifyToken: VerifyToken;
  log(message: string): void;
  limits?: {
    /** Milliseconds until a function must have begun its answer. */
    answer?: number;
    /** Milliseconds that a function may take to start. */
    boot?: number;
  };
}

export interface FunctionsRuntime {
  /** Answers requests to `/functions/v1/NAME/…`. */
  fetch(request: Request): Promise<Response>;
  /** Lets running requests finish for a moment, then ends every process. */
  stop(): Promise<void>;
}

/** Supabase's limit for the first byte of an answer. */
const answerLimit = 150_000;
const bootLimit = 30_000;
/** How long a replaced worker may go on with what it has begun. */
const retireGrace = 60_000;
const stopGrace = 3_000;

/**
 * Runs Edge Functions in real Deno, one process a function, as Supabase does: started by the first
 * request, replaced when its files change, started anew after a crash.
 */
export const createFunctionsRuntime = async (
  options: FunctionsOptions,
): Promise<FunctionsRuntime> => {
  const { root, config, log } = options;
  const reaper = startReaper();
  const current = new Map<string, Worker>();
  const retiring = new Set<Promise<void>>();
  let isStopped = false;

  const start = (located: LocatedFunction): Worker => {
    const modules = nearestModules(root);
    const env = { ...options.env, ...readFunctionSecrets(root) };
    for (const [name, value] of Object.entries(options.env)) {
      if (name.startsWith("SUPABASE_")) env[name] = value;
    }
    return startWorker({
      name: located.name,
      entrypoint: located.entrypoint,
      configFile: located.configFile,
      modules,
      readable: [root, dirname(located.entrypoint), ...(modules ? places(modules) : [])],
      env: { ...env, SB_REGION: "local", SB_EXECUTION_ID: randomUUID() },
      bootLimit: options.limits?.boot ?? bootLimit,
      reaper,
      log,
    });
  };

  const workerFor = (located: LocatedFunction): Worker => {
    const running = current.get(located.name);
    if (running?.isRunning()) return running;
    const worker = start(located);
    current.set(located.name, worker);
    return worker;
  };

  const replace = (name: string, grace: number): void => {
    const worker = current.get(name);
    if (!worker) return;
    current.delete(name);
    const end = worker.retire(grace).finally(() => retiring.delete(end));
    retiring.add(end);
  };

  const watcher = watch(root, {
    ignoreInitial: true,
    ignored: (path) => /[\\/](?:node_modules|\.git|\.temp)(?:[\\/]|$)/.test(relative(root, path)),
  });
  watcher.on("all", (_event, path) => {
    const [folder = "", ...rest] = relative(root, path).split(sep);
    const isShared = rest.length === 0 || folder.startsWith("_");
    for (const name of isShared ? [...current.keys()] : [folder]) replace(name, retireGrace);
  });
  watcher.on("error", (error) => log(`Functions are not watched: ${String(error)}`));
  await new Promise<void>((resolve) => watcher.once("ready", () => resolve()));

  const answer = async (request: Request, located: LocatedFunction): Promise<Response> => {
    const worker = workerFor(located);
    try {
      return await forward(request, {
        port: await worker.port,
        path: functionPath(new URL(request.url)),
        headers: forwardedHeaders(request),
        limit: options.limits?.answer ?? answerLimit,
      });
    } catch (error) {
      if (error instanceof WorkerGone) return platformAnswer(error.code, located.name);
      if (error instanceof NoAnswerInTime) {
        // It may hang for good, and then so would every request after this one.
        if (current.get(located.name) === worker) replace(located.name, stopGrace);
        return platformAnswer("IDLE_TIMEOUT", located.name);
      }
      log(`[${located.name}] ${error instanceof Error ? error.message : String(error)}`);
      const code = await Promise.race([worker.exited, later(1_000)]).then((gone) => gone?.code);
      return platformAnswer(code ?? "WORKER_ERROR", located.name);
    }
  };

  return {
    fetch: async (request) => {
      const [, name = ""] = /^\/functions\/v1\/([^/]+)/.exec(new URL(request.url).pathname) ?? [];
      const settings = Object.hasOwn(config, name) ? config[name] : undefined;
      const located = locateFunction(root, name, settings);
      if (!located || isStopped) return platformAnswer("NOT_FOUND");
      const refused = located.verifyJwt ? await refusal(request, options.verifyToken) : undefined;
      return refused ? platformAnswer(refused) : await answer(request, located);
    },
    stop: async () => {
      isStopped = true;
      await watcher.close();
      for (const name of [...current.keys()]) replace(name, stopGrace);
      await Promise.race([Promise.all(retiring), later(stopGrace + 1_000)]);
      // Closes the list: what was replaced earlier and still runs ends with the reaper.
      reaper.stop();
    },
  };
};

/** A folder as it is named and as it really is, since packages may be linked. */
const places = (folder: string): string[] => [...new Set([folder, realpathSync(folder)])];

/** Functions see their own name first: `/functions/v1/webhooks/stripe?x` is `/webhooks/stripe?x`. */
const functionPath = ({ pathname, search }: URL): string =>
  `${pathname.slice("/functions/v1".length)}${search}`;

const forwardedHeaders = (request: Request): Record<string, string> => {
  const url = new URL(request.url);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return {
    host: url.host,
    "x-forwarded-host": url.hostname,
    "x-forwarded-port": port,
    "x-forwarded-proto": url.protocol.slice(0, -1),
    "x-forwarded-path": url.pathname,
    "x-forwarded-for": request.headers.get("x-forwarded-for") ?? "127.0.0.1",
  };
};

const later = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });
