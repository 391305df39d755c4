/**
 * A program that runs the functions below a folder, calls `who` and says its process id. With
 * `looping` as second argument it leaves a call behind that never ends.
 */
import { createFunctionsRuntime } from "../../../stack/functions/functions.ts";

const [root = "", state] = process.argv.slice(2);
const runtime = await createFunctionsRuntime({
  root,
  config: { who: { verify_jwt: false } },
  env: () => ({}),
  verifyToken: async () => ({}),
  log: () => undefined,
});
const call = (path: string) => runtime.fetch(new Request(`http://127.0.0.1/functions/v1/${path}`));
console.log(await (await call("who")).text());
if (state === "looping") void call("who/loop");
setInterval(() => undefined, 1000);
