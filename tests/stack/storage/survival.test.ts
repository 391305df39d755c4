import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Upload } from "tus-js-client";
import { afterEach, expect, test } from "vitest";
import { clientAt } from "../../support/client.ts";
import { takePortBlock } from "../../support/ports.ts";
import { type StackProcess, startProcess } from "../../support/stack-process.ts";

const folders: string[] = [];
const running: StackProcess[] = [];

afterEach(async () => {
  for (const stack of running.splice(0)) await stack.end("SIGKILL");
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** The platform's project in a folder of its own, so that its data is. */
const aProject = async () => {
  const folder = await mkdtemp(join(tmpdir(), "storage-survival-"));
  folders.push(folder);
  await symlink(resolve("tests/platform/project/supabase"), join(folder, "supabase"));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  const port = String(await takePortBlock());
  const start = async () => {
    const stack = await startProcess(["--workdir", folder, "--port", port]);
    running.push(stack);
    return stack;
  };
  return { folder, start };
};

const papersOf = ({ status }: StackProcess) =>
  clientAt(status.API_URL, status.SECRET_KEY).storage.from("papers");

test("every upload that was acknowledged is there after a kill -9, no file too many, and a resumable one goes on", async () => {
  const { folder, start } = await aProject();
  const first = await start();
  const acknowledged = new Map<string, Buffer>();
  const upload = async (worker: number) => {
    for (let count = 0; ; count++) {
      const content = randomBytes(20_000);
      // Every third replaces the one before.
      const name = `${worker}/${Math.floor(count / 3)}.bin`;
      const { error } = await papersOf(first).upload(name, content, { upsert: true });
      if (error) {
        // Its answer was lost, so either content may stand.
        acknowledged.delete(name);
        return;
      }
      acknowledged.set(name, content);
    }
  };
  const film = randomBytes(6_000_000);
  const options = {
    metadata: { bucketName: "papers", objectName: "film.mp4" },
    headers: { authorization: `Bearer ${first.status.SECRET_KEY}` },
    endpoint: `${first.status.API_URL}/storage/v1/upload/resumable`,
    chunkSize: 500_000,
    retryDelays: null,
  };
  const interrupted = new Promise<string>((done) => {
    const sending = new Upload(film, {
      ...options,
      onChunkComplete: (_size, accepted) => {
        if (accepted === 2_000_000) void sending.abort().then(() => done(sending.url ?? ""));
      },
    });
    sending.start();
  });
  const working = Promise.all([upload(1), upload(2), upload(3)]);
  const uploadUrl = await interrupted;
  await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(20);
  await first.end("SIGKILL");
  await working;

  const second = await start();
  await new Promise<void>((onSuccess, onError) => {
    new Upload(film, { ...options, uploadUrl, onSuccess: () => onSuccess(), onError }).start();
  });
  acknowledged.set("film.mp4", film);
  for (const [name, content] of acknowledged) {
    const { data, error } = await papersOf(second).download(name);
    expect([name, error]).toEqual([name, null]);
    expect(Buffer.compare(new Uint8Array((await data?.arrayBuffer()) ?? []), content)).toBe(0);
  }

  const { data } = await papersOf(second).listV2({ limit: 1000 });
  const samples = clientAt(second.status.API_URL, second.status.SECRET_KEY).storage.from("samples");
  const seeded = (await samples.listV2()).data?.objects.length ?? 0;
  const objects = join(folder, ".stack", "storage", "objects");
  const kept = await readdir(objects, { recursive: true, withFileTypes: true });
  expect(kept.filter((entry) => entry.isFile())).toHaveLength((data?.objects.length ?? 0) + seeded);
}, 120_000);
