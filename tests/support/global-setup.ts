import type { TestProject } from "vitest/node";
import { takePortBlock } from "./ports.ts";
import { type ProjectAddress, projectFromEnvironment } from "./project.ts";
import { type StackProcess, startProcess } from "./stack-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The shop. */
    project: ProjectAddress;
    /** The small project of `tests/platform/project`. */
    platform: ProjectAddress;
  }
}

/**
 * Two stacks in memory serve every test file, the shop's and the platform suite's, unless the
 * environment names Supabase projects to run against. Tests own the rows they make, so they do not
 * need a database each. Each stack is a program of its own, as a developer's is.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = projectFromEnvironment(process.env);
  if (given) {
    project.provide("project", given);
    project.provide("platform", given);
    return async () => undefined;
  }
  const [shop, platform] = await Promise.all([start("."), start("tests/platform/project")]);
  project.provide("project", addressOf(shop));
  project.provide("platform", addressOf(platform));
  return async () => {
    const codes = await Promise.all([shop.end("SIGTERM"), platform.end("SIGTERM")]);
    if (codes.some((code) => code !== 0)) throw new Error(`The stacks ended with ${codes}.`);
  };
}

const start = async (workdir: string): Promise<StackProcess> =>
  startProcess(["--memory", "--workdir", workdir, "--port", String(await takePortBlock())], {
    SUPAMARKET_LOG_LEVEL: "silent",
  });

const addressOf = ({ status }: StackProcess): ProjectAddress => ({
  url: status.API_URL,
  publishableKey: status.PUBLISHABLE_KEY,
  secretKey: status.SECRET_KEY,
  jwtSecret: status.JWT_SECRET,
  databaseUrl: status.DB_URL,
  mailUrl: status.MAILPIT_URL,
  studioUrl: status.STUDIO_URL,
  sandboxUrl: status.SANDBOX_URL,
  pagesUrl: status.PAGES_URL,
});
