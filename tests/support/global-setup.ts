import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Stack } from "../../stack/stack.ts";
import { startOwnStack } from "./own-stack.ts";
import { type ProjectAddress, projectFromEnvironment } from "./project.ts";

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
 * need a database each.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = projectFromEnvironment(process.env);
  if (given) {
    project.provide("project", given);
    project.provide("platform", given);
    return async () => undefined;
  }
  const shop = await startOwnStack();
  const platform = await startOwnStack({
    workdir: join(process.cwd(), "tests/platform/project"),
  });
  project.provide("project", addressOf(shop));
  project.provide("platform", addressOf(platform));
  return async () => {
    await Promise.all([shop.stop(), platform.stop()]);
  };
}

const addressOf = ({ urls, keys }: Stack): ProjectAddress => ({
  url: urls.api,
  publishableKey: keys.publishable,
  secretKey: keys.secret,
  jwtSecret: keys.jwtSecret,
  databaseUrl: urls.database,
  mailUrl: urls.mail,
  studioUrl: urls.studio,
  sandboxUrl: urls.sandbox,
  pagesUrl: urls.pages,
});
