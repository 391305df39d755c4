import type { TestProject } from "vitest/node";
import { PortTaken } from "../../stack/ports.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
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
  const stack = await startOnFreePorts();
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

/**
 * Two checkouts may be tested at the same time, so each run looks for a block of its own; below the
 * ports that systems give to outgoing connections, which would take one of the block by chance.
 */
const startOnFreePorts = async (): Promise<Stack> => {
  const first = process.pid % 60;
  for (let tried = 0; ; tried++) {
    try {
      const port = 25_321 + ((first + tried) % 60) * 10;
      return await startStack({ workdir: process.cwd(), port, memory: true });
    } catch (error) {
      if (!(error instanceof PortTaken) || tried === 59) throw error;
    }
  }
};
