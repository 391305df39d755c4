import { type Stack, type StartOptions, startStack } from "../../stack/stack.ts";
import { takePortBlock } from "./ports.ts";

/** A stack of the test file's own, in memory: for what would get in the way of other files. */
export const startOwnStack = async (
  options: Partial<StartOptions> & { workdir?: string } = {},
): Promise<Stack> =>
  startStack({ workdir: process.cwd(), memory: true, ...options, port: await takePortBlock() });
