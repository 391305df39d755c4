import { join } from "node:path";
import { createDoorkeeper, legacyKeys, signedKeys } from "./auth/api-keys.ts";
import { createAuth } from "./auth/auth.ts";
import { readTemplates } from "./auth/mails.ts";
import { localSigningKeys, readSigningKeys } from "./auth/signing-keys.ts";
import { createTokens } from "./auth/tokens.ts";
import { readConfig } from "./config.ts";
import { holdDataFolder } from "./data-lock.ts";
import { startMaintenance } from "./database/maintenance.ts";
import { isPglite } from "./database/pglite.ts";
import { openProject } from "./database/project.ts";
import { serveWire } from "./database/wire.ts";
import { stripeEnvironment, stripeSandboxKeys, supabaseEnvironment } from "./environment.ts";
import { createFunctionsRuntime } from "./functions/functions.ts";
import { createGateway } from "./gateway/gateway.ts";
import { everywhere, pageHeaders } from "./gateway/security-headers.ts";
import { type GatewaySettings, gatewaySettings } from "./gateway/settings.ts";
import { localKeys } from "./keys.ts";
import { closeServer, listenOn, serveFetch } from "./listen.ts";
import { createMail } from "./mail/mail.ts";
import { type Logger, silentLog } from "./observability/log.ts";
import { createObservability } from "./observability/observability.ts";
import type { StackOptions } from "./options.ts";
import { buildPages } from "./pages/build.ts";
import { createPages } from "./pages/pages.ts";
import { pagePolicy } from "./pages/policy.ts";
import { assertPortsFree, portBlock } from "./ports.ts";
import { createRealtime } from "./realtime/realtime.ts";
import { createRest } from "./rest/rest.ts";
import { createOAuthSandbox } from "./sandbox/oauth/sandbox.ts";
import { createSandbox } from "./sandbox/sandbox.ts";
import { createStripeSandbox } from "./sandbox/stripe/sandbox.ts";
import { startScheduler } from "./scheduler.ts";
import { createStorage } from "./storage/storage.ts";
import { temporaryFolder } from "./storage/temporary-folder.ts";
import { studioPolicy } from "./studio/policy.ts";
import { createStudio } from "./studio/studio.ts";
import { keepSecrets } from "./vault.ts";

export interface Stack {
  /** The project's id from config.toml. */
  name: string;
  urls: {
    api: string;
    database: string;
    studio: string;
    mail: string;
    sandbox: string;
    pages: string;
  };
  keys: {
    publishable: string;
    secret: string;
    anon: string;
    serviceRole: string;
    jwtSecret: string;
  };
  /** Names of the example pages that are served. */
  pages: string[];
  /** Ends everything in order; nothing is left running, and the data is whole. */
  stop(): Promise<void>;
}

export interface StartOptions extends Omit<StackOptions, "reset" | "dataDir" | "gateway"> {
  reset?: boolean;
  dataDir?: string;
  gateway?: GatewaySettings;
  log?: Logger;
}

/**
 * Starts the local Supabase for the project in `workdir`: database with migrations applied, then
 * every service over it, each on its port of the block. When a part cannot start, those before it
 * are ended again.
 */
export const startStack = async (options: StartOptions): Promise<Stack> => {
  const ends: (() => Promise<unknown> | unknown)[] = [];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  // Node waits for the compiler to optimise all of PGlite when it has nothing else to wait for, as
  // between two steps of the start.
  const awake = setInterval(() => undefined, 60_000);
  try {
    return await compose(options, (end) => ends.push(end), stop);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearInterval(awake);
  }
};

type OnStop = (end: () => Promise<unknown> | unknown) => void;

const compose = async (
  options: StartOptions,
  onStop: OnStop,
  stop: () => Promise<void>,
): Promise<Stack> => {
  const { workdir, port, databaseUrl, log: logger = silentLog() } = options;
  const log = (message: string) => logger.info(message);
  const config = await readConfig(workdir);
  const ports = portBlock(port);
  await assertPortsFree(ports);
  const address = (service: keyof typeof ports) => `http://127.0.0.1:${ports[service]}`;
  const folder = join(workdir, "supabase");
  const pagesFolder = join(workdir, "examples");
  const pagesBuilt = buildPages(pagesFolder).catch((error: Error) =>
    log(`The example pages could not be built; the backend runs without them. ${error.message}`),
  );

  const dataDir = options.memory ? undefined : (options.dataDir ?? join(workdir, ".stack"));
  if (dataDir) onStop(await holdDataFolder(dataDir, { reset: options.reset ?? false }));

  const database = await openProject({
    folder,
    seeds: config.db.seed.enabled ? config.db.seed.sql_paths : [],
    ...(dataDir && { dataDir: join(dataDir, "database") }),
    ...(databaseUrl && { databaseUrl }),
  });
  onStop(() => database.close());

  const { signing_keys_path } = config.auth;
  const tokens = createTokens(
    localKeys.jwtSecret,
    await (signing_keys_path
      ? readSigningKeys(join(folder, signing_keys_path))
      : localSigningKeys()),
  );
  const keys = {
    ...localKeys,
    ...(await (signing_keys_path ? signedKeys(tokens) : legacyKeys(tokens))),
  };
  const doorkeeper = createDoorkeeper(keys, tokens);
  const urls = {
    api: address("api"),
    database:
      databaseUrl ??
      `postgresql://postgres:${keys.databasePassword}@127.0.0.1:${ports.database}/postgres`,
    studio: address("studio"),
    mail: address("mail"),
    sandbox: address("sandbox"),
    pages: address("pages"),
  };
  await keepSecrets(database, { project_url: urls.api, secret_key: keys.secret });

  if (isPglite(database)) {
    const ending = new AbortController();
    await serveWire(database, {
      host: "127.0.0.1",
      port: ports.database,
      passwords: { postgres: keys.databasePassword },
      signal: ending.signal,
    });
    onStop(() => ending.abort());
    const maintenance = startMaintenance(database, { everyMs: 20_000, log });
    onStop(() => maintenance.stop());
  }

  const rest = await createRest({ database, doorkeeper, api: config.api });
  onStop(() => rest.stop());
  const mail = createMail();
  const storageFolder = dataDir
    ? { path: join(dataDir, "storage"), remove: () => undefined }
    : await temporaryFolder();
  onStop(storageFolder.remove);
  const storage = await createStorage({
    database,
    settings: config.storage,
    folder: storageFolder.path,
    projectFolder: folder,
    jwtSecret: keys.jwtSecret,
    tokens,
    doorkeeper,
    log,
  });
  onStop(() => storage.stop());
  const auth = createAuth({
    database,
    settings: config.auth,
    tokens,
    doorkeeper,
    apiUrl: urls.api,
    sandboxUrl: urls.sandbox,
    deliver: mail.deliver,
    templates: await readTemplates(workdir, config.auth),
    log,
  });
  const realtime = await createRealtime({ database, keys, verifyToken: tokens.verify, log });
  onStop(() => realtime.stop());

  const stripe = await createStripeSandbox({
    publicUrl: urls.sandbox,
    secretKey: stripeSandboxKeys.secret,
    webhookSecret: stripeSandboxKeys.webhook,
    webhookUrl: `${urls.api}/functions/v1/webhooks/stripe`,
    ...(dataDir && { stateFile: join(dataDir, "stripe.ndjson") }),
    log,
  });
  onStop(() => stripe.stop());
  const oauth = createOAuthSandbox({
    publicUrl: urls.sandbox,
    redirectUris: [`${urls.api}/auth/v1/callback`],
  });

  const root = join(folder, "functions");
  const functions = await createFunctionsRuntime({
    root,
    config: config.functions,
    secrets: config.edge_runtime.secrets,
    env: (secrets) => ({
      ...supabaseEnvironment(urls, keys),
      SUPABASE_JWKS: JSON.stringify(tokens.jwks()),
      ...stripeEnvironment(urls.sandbox, { ...process.env, ...secrets }),
      SITE_URL: config.auth.site_url,
    }),
    verifyToken: tokens.verify,
    log,
  });
  onStop(() => functions.stop());

  const studio = createStudio({
    databaseUrl: urls.database,
    secretKey: keys.secret,
    auth: auth.fetch,
    storage: storage.asService,
  });
  onStop(() => studio.stop());

  await pagesBuilt;
  const pages = await createPages({
    folder: pagesFolder,
    config: { url: urls.api, publishableKey: keys.publishable, mailUrl: urls.mail },
  });
  const { metrics, operations } = createObservability({
    database,
    dataDir,
    secretKey: keys.secret,
    realtime: realtime.figures,
    functions: functions.figures,
  });
  const keyNames = new Map([
    [keys.publishable, "publishable"],
    [keys.secret, "secret"],
    [keys.anon, "anon"],
    [keys.serviceRole, "service_role"],
  ]);
  const gateway = createGateway(
    {
      rest: rest.fetch,
      auth: auth.fetch,
      storage: storage.fetch,
      functions,
      realtime,
      operations,
      userOf: (token) =>
        tokens.verify(token).then(
          ({ sub }) => sub,
          () => undefined,
        ),
      keyNameOf: (key) => keyNames.get(key),
      metrics,
      log: logger,
    },
    options.gateway ?? gatewaySettings(),
  );

  const served = [
    listenOn(gateway, ports.api),
    serveFetch(studio.fetch, ports.studio, pageHeaders(studioPolicy)),
    serveFetch(mail.fetch, ports.mail, pageHeaders("default-src 'none'", "SAMEORIGIN")),
    serveFetch(createSandbox({ oauth, stripe }), ports.sandbox, everywhere),
    serveFetch(pages.fetch, ports.pages, pageHeaders(pagePolicy(urls.api))),
  ];
  // Each is ended when the stack is, also when another of them could not listen.
  for (const starting of served) {
    onStop(() => starting.then(closeServer, () => undefined));
  }
  await Promise.all(served);
  const scheduler = await startScheduler({ database, fetch: globalThis.fetch, log });
  onStop(() => scheduler.stop());

  return { name: config.project_id, urls, keys, pages: pages.names, stop };
};
