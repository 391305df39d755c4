import type { TestProject } from "vitest/node";
import { startStack } from "../../stack/stack.ts";
import { type ProjectAddress, projectFromEnvironment } from "./project.ts";

declare module "vitest" {
  interface ProvidedContext {
    project: ProjectAddress;
  }
}

/**
 * One stack in memory serves every test file, unless the environment names a Supabase project to
 * run against. Tests own the rows they make, so they do not need a database each.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = projectFromEnvironment(process.env);
  if (given) {
    project.provide("project", given);
    return async () => undefined;
  }
  // A block of ports of this run's own: two checkouts may be tested at the same time.
  const port = 55_321 + (process.pid % 60) * 10;
  const stack = await startStack({ workdir: process.cwd(), port, memory: true });
  project.provide("project", {
    url: stack.urls.api,
    publishableKey: stack.keys.publishable,
    secretKey: stack.keys.secret,
    jwtSecret: stack.keys.jwtSecret,
    databaseUrl: stack.urls.database,
    mailUrl: stack.urls.mail,
    sandboxUrl: stack.urls.sandbox,
    pagesUrl: stack.urls.pages,
  });
  return () => stack.stop();
}
