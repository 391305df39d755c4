// Installs the locked dependencies when they are missing or stale, so that `npm start` and
// `npm test` work alone in a fresh clone. Uses nothing but Node itself.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Supamarket needs Node.js 20.19 or newer; this is ${process.versions.node}. ` +
      "Install a newer Node.js and run the command again.",
  );
  process.exit(1);
}

const root = new URL("../", import.meta.url);
const stamp = new URL("node_modules/.supamarket-lock", root);
const lock = createHash("sha256")
  .update(readFileSync(new URL("package-lock.json", root)))
  .digest("hex");
const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;

if (!installed) {
  console.log("Installing dependencies (first run, or the lock file changed) …");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    console.error("npm ci failed; see its message above.");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, lock);
}
