import { cp, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../support/bench.ts";
import { httpClient } from "../support/http.ts";
import { round } from "../support/load.ts";
import { root, startStackProcess } from "../support/stack-process.ts";

const cache = join(root, "node_modules/.cache/supamarket");
const images = join(cache, "images");

/**
 * W6: from `npm start` to the first answer. The project is a copy, so that nobody's data is touched,
 * with a seed file of its own, so that there is no prepared data image the first time; what
 * `scripts/run.mjs` keeps is deleted.
 */
export const startTimes = async (
  port: number,
  publishableKey: string,
  report: (figure: Omit<Figure, "on">) => void,
): Promise<void> => {
  const project = await mkdtemp(join(tmpdir(), "supamarket-bench-"));
  const imagesBefore = new Set(await readdir(images).catch(() => []));
  try {
    await cp(join(root, "supabase"), join(project, "supabase"), { recursive: true });
    await cp(join(root, "examples"), join(project, "examples"), {
      recursive: true,
      filter: (path) => !path.endsWith("/dist"),
    }).catch(() => undefined);
    await symlink(join(root, "node_modules"), join(project, "node_modules"));
    await writeFile(join(project, "supabase/seeds/zz-bench.sql"), `-- ${project}\nselect 1;\n`);

    await rm(join(cache, "programs"), { recursive: true, force: true });
    const cold = await timeStart(project, port, publishableKey);
    await cold.stop();
    report({
      id: "W6",
      what: "start, cold: no data, no prepared image, nothing compiled",
      value: cold.seconds,
      unit: "s",
      budget: "≤ 10",
      passed: cold.seconds <= 10,
    });
    const warm = await timeStart(project, port, publishableKey);
    report({
      id: "W6",
      what: "start, warm: kept data",
      value: warm.seconds,
      unit: "s",
      budget: "≤ 3",
      passed: warm.seconds <= 3,
    });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const residentMb = warm.residentMb();
    await warm.stop();
    report({
      id: "W6",
      what: "memory at rest, whole process tree",
      value: residentMb,
      unit: "MB",
      budget: "≤ 400",
      passed: residentMb <= 400,
    });
  } finally {
    await rm(project, { recursive: true, force: true });
    for (const name of await readdir(images).catch(() => [])) {
      if (!imagesBefore.has(name)) await rm(join(images, name), { force: true });
    }
  }
};

const timeStart = async (project: string, port: number, apikey: string) => {
  const began = performance.now();
  const starting = startStackProcess(["--workdir", project, "--port", String(port)]);
  const client = httpClient(`http://127.0.0.1:${port}`, 1);
  const path = "/rest/v1/product_listing?select=slug,price&limit=1";
  const isAnswered = async () => {
    const answer = await client.send({ path, headers: { apikey } }).catch(() => undefined);
    return answer?.status === 200;
  };
  let failure: unknown;
  starting.catch((error: unknown) => {
    failure = error;
  });
  while (!(await isAnswered())) {
    if (failure) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const seconds = round((performance.now() - began) / 1000, 2);
  client.close();
  const { residentMb, stop } = await starting;
  return { seconds, residentMb, stop };
};
