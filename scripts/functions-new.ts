// `npm run functions:new NAME` writes an Edge Function as the house has them: what serves it, the
// module behind it with its contract and ports, a test, and its block in config.toml.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { namesOf, objection } from "./functions-new/names.ts";
import { writeFunction } from "./functions-new/write.ts";

const run = promisify(execFile);

const [name = ""] = process.argv.slice(2);
const refused = await objection(process.cwd(), name);
if (refused) {
  console.error(refused);
  process.exit(1);
}

const written = await writeFunction(process.cwd(), namesOf(name));
// Names decide how long lines are, so the templates leave line breaks to the formatter.
const code = written.filter((path) => path.endsWith(".ts"));
await run("npx", ["--no-install", "biome", "check", "--write", ...code]);

for (const path of written) console.log(path);
console.log(`
Now change what it takes and gives (_shared/contracts/${name}.ts), what it does
(_shared/${name}/${name}.ts) and its test. \`npm start\` serves it at /functions/v1/${name}.`);
