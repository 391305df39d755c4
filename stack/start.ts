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
  "UsageProblem",
]);

const main = async (): Promise<void> => {
  const options = parseCommandLine(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const began = performance.now();
  const stack = await startStack({
    ...options,
    log: (message) => console.error(message),
  });
  if (options.json) console.log(JSON.stringify(statusJson(stack)));
  else console.log(statusText(stack, (performance.now() - began) / 1000));

  const stop = async () => {
    process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGHUP", stop);
    if (!options.json) console.log("\nStopping …");
    await stack.stop();
    process.exit(0);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
};

main().catch((error: unknown) => {
  const known = error instanceof Error && explained.has(error.name);
  console.error(known ? error.message : error);
  process.exit(1);
});
