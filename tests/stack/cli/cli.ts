import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { imageOf, readImage } from "../../../stack/database/image.ts";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform, platformVersion } from "../../../stack/database/platform.ts";
import { serveWire } from "../../../stack/database/wire.ts";
import { type Ended, run } from "../../support/program.ts";

const binary = fileURLToPath(new URL("../../../node_modules/.bin/", import.meta.url));

export interface Desk {
  databaseUrl: string;
  /** The folder that holds `supabase/`. */
  folder: string;
  write(path: string, text: string): Promise<void>;
  supabase(...args: string[]): Promise<Ended>;
  psql(args: readonly string[], input?: string): Promise<Ended>;
  close(): Promise<void>;
}

/** An empty project and a database of its own as the stack serves it, with the programs that developers use. */
export const openDesk = async (): Promise<Desk> => {
  const folder = await mkdtemp(join(tmpdir(), "supamarket-desk-"));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  await write("supabase/config.toml", 'project_id = "desk"\n[db]\nmajor_version = 17\n');

  const image = await readImage(await imageOf([platformVersion()]));
  const database = await openPglite(image ? { image } : {});
  await ensurePlatform(database);
  const ending = new AbortController();
  const server = await serveWire(database, {
    host: "127.0.0.1",
    port: 0,
    passwords: { postgres: "postgres" },
    signal: ending.signal,
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const databaseUrl = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`;

  return {
    databaseUrl,
    folder,
    write,
    supabase: (...args) =>
      run(join(binary, "supabase"), args, {
        cwd: folder,
        // A home of its own, so that no account of the developer's is touched.
        env: { HOME: folder, PGSSLMODE: "disable", SUPABASE_TELEMETRY_DISABLED: "1" },
      }),
    psql: (args, input = "") => run("psql", ["-X", databaseUrl, ...args], { input }),
    close: async () => {
      ending.abort();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
