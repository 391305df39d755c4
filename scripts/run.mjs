// Runs a TypeScript program of this project: `node scripts/run.mjs FILE [arguments]`. The program's
// own files are compiled into one, anew only when one of them has changed: Node loads that in a
// third of the time it takes for three hundred files, each compiled by itself. Packages stay outside.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const self = fileURLToPath(import.meta.url);
const root = resolve(self, "../..");
// Below node_modules, from where packages are found.
const folder = resolve(root, "node_modules/.cache/supamarket/programs");

/** Changes whenever a file is written; undefined when it is gone. */
const stampOf = (path) => {
  const file = statSync(path, { throwIfNoEntry: false });
  return file && `${file.mtimeMs}/${file.size}`;
};

/** Whether the files that a bundle was made of, named in its last line, are as they were then. */
const isFresh = (bundle) => {
  if (!statSync(bundle, { throwIfNoEntry: false })) return false;
  const text = readFileSync(bundle, "utf8");
  const stamps = JSON.parse(text.slice(text.lastIndexOf("\n// ") + 4));
  return Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp);
};

/** A file as the bundle gets it: what stands beside it is found from there, not from the bundle. */
const read = (path) => {
  const address = JSON.stringify(pathToFileURL(path).href);
  return readFileSync(path, "utf8").replaceAll("import.meta.url", address);
};

const compile = async (source, bundle) => {
  const { build } = await import("esbuild");
  const stamps = { [self]: stampOf(self) };
  const reader = {
    name: "reader",
    setup: ({ onLoad }) =>
      onLoad({ filter: /./ }, ({ path }) => {
        // Before it is read: a change from now on makes another bundle.
        stamps[path] = stampOf(path);
        return { contents: read(path), loader: "default" };
      }),
  };
  const { outputFiles } = await build({
    entryPoints: [source],
    absWorkingDir: root,
    outfile: bundle,
    write: false,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    plugins: [reader],
    logLevel: "error",
  });
  // Renamed, so that nobody who starts at the same time reads half of it.
  const unfinished = `${bundle}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(unfinished, `${outputFiles[0].text}\n// ${JSON.stringify(stamps)}`);
  renameSync(unfinished, bundle);
};

// From here on, arguments stand where a program expects them.
process.argv.splice(1, 1);
const source = resolve(process.argv[1]);
const bundle = resolve(folder, `${relative(root, source).replaceAll(/[^\w.-]/g, "-")}.mjs`);
if (!isFresh(bundle)) await compile(source, bundle);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(bundle).href);
