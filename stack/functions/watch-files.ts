import { dirname, relative, sep } from "node:path";
import { watch } from "chokidar";

/** Tells which function's folder changed; nothing is named when all may be concerned. */
export type OnChange = (name: string | undefined) => void;

const unwatched = /(?:^|[\\/])(?:node_modules|\.git|\.temp)(?:[\\/]|$)/;

/** Milliseconds after which no more is written by whoever saves a file. */
const quiet = 100;

/**
 * Watches the folder of all functions; resolves with the end once no change can be missed. Of writes that
 * follow each other within milliseconds the watcher tells the first alone, so each change is told
 * once more when it has grown quiet.
 */
export const watchFiles = async (
  root: string,
  onChange: OnChange,
  onError: (error: unknown) => void,
): Promise<() => Promise<void>> => {
  const above = dirname(root);
  // From the folder above, since this one may be made later.
  const watcher = watch(above, {
    ignoreInitial: true,
    ignored: (path) => {
      const inside = relative(root, path);
      return (path !== above && inside.startsWith("..")) || unwatched.test(inside);
    },
  });
  const echoes = new Map<string | undefined, NodeJS.Timeout>();
  const tell = (name: string | undefined) => {
    onChange(name);
    clearTimeout(echoes.get(name));
    echoes.set(name, setTimeout(onChange, quiet, name).unref());
  };
  watcher.on("all", (_event, path) => {
    const [folder = "", ...rest] = relative(root, path).split(sep);
    const isShared = rest.length === 0 || folder.startsWith("_");
    tell(isShared ? undefined : folder);
  });
  watcher.on("error", onError);
  await new Promise<void>((resolve) => watcher.once("ready", () => resolve()));
  return async () => {
    await watcher.close();
    for (const echo of echoes.values()) clearTimeout(echo);
  };
};
