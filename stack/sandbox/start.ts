// Runs the sandbox alone, beside a `supabase start`: payments, and Google and GitHub to sign in with.
//   npm run sandbox -- --port 54325 --host 0.0.0.0 --api URL
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { stripeSandboxKeys } from "../environment.ts";
import { listenerOf } from "../listen.ts";
import { createOAuthSandbox } from "./oauth/sandbox.ts";
import { createSandbox } from "./sandbox.ts";
import { createStripeSandbox } from "./stripe/sandbox.ts";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "54325" },
    /** The project that the sandbox serves. */
    api: { type: "string", default: "http://127.0.0.1:54321" },
    /** Where payment events go, when not to that project's function. */
    webhook: { type: "string" },
  },
});

const publicUrl = `http://127.0.0.1:${values.port}`;
const stripe = await createStripeSandbox({
  publicUrl,
  secretKey: stripeSandboxKeys.secret,
  webhookSecret: stripeSandboxKeys.webhook,
  webhookUrl: values.webhook ?? `${values.api}/functions/v1/webhooks/stripe`,
  log: console.error,
});
const oauth = createOAuthSandbox({ publicUrl, redirectUris: [`${values.api}/auth/v1/callback`] });

const server = createServer(listenerOf(createSandbox({ oauth, stripe })));
server.listen(Number(values.port), values.host, () => {
  console.log(`Sandbox: http://${values.host}:${values.port}`);
});

const stop = async () => {
  server.close();
  server.closeAllConnections();
  await stripe.stop();
};
process.once("SIGINT", stop).once("SIGTERM", stop);
