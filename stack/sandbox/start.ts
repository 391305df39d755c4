// Runs the payment sandbox alone, beside a `supabase start`:
//   npm run sandbox -- --port 54325 --host 0.0.0.0 --webhook URL
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { stripeSandboxKeys } from "../environment.ts";
import { listenerOf } from "../listen.ts";
import { createStripeSandbox } from "./stripe/sandbox.ts";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "54325" },
    webhook: { type: "string", default: "http://127.0.0.1:54321/functions/v1/webhooks/stripe" },
  },
});

const sandbox = await createStripeSandbox({
  publicUrl: `http://127.0.0.1:${values.port}`,
  secretKey: stripeSandboxKeys.secret,
  webhookSecret: stripeSandboxKeys.webhook,
  webhookUrl: values.webhook,
  log: console.error,
});
const server = createServer(listenerOf(sandbox.fetch));
server.listen(Number(values.port), values.host, () => {
  console.log(`Payment sandbox: http://${values.host}:${values.port}`);
});

const stop = async () => {
  server.close();
  server.closeAllConnections();
  await sandbox.stop();
};
process.once("SIGINT", stop).once("SIGTERM", stop);
