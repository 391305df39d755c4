import { createLog, logSettings } from "./observability/log.ts";
import { parseCommandLine, usage } from "./options.ts";
import { startStack } from "./stack.ts";
import { statusJson, statusText } from "./status.ts";

/** Problems that a person can settle: one sentence is all there is to say. */
const explained = new Set([
  "ConfigProblem",
  "DataInUse",
  "ExtensionMissing",
  "MigrationProblem",
  "PortTaken",
  "SettingProblem",
  "UsageProblem",
]);

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const main = async (): Promise<void> => {
  const options = parseCommandLine(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const began = performance.now();
  const log = createLog(logSettings(process.env, process.stderr.isTTY));
  const starting = startStack({ ...options, log });
  const stop = async () => {
    for (const signal of signals) process.off(signal, stop);
    if (!options.json) console.log("\nStopping …");
    await (await starting).stop();
    process.exit(0);
  };
  // Before anything else is awaited, so that a signal during the start ends it cleanly too.
  for (const signal of signals) process.on(signal, stop);

  const stack = await starting;
  if (options.json) console.log(JSON.stringify(statusJson(stack)));
  else console.log(statusText(stack, (performance.now() - began) / 1000));
};

main().catch((error: unknown) => {
  const known = error instanceof Error && explained.has(error.name);
  console.error(known ? error.message : error);
  process.exit(1);
});
