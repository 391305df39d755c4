import { PortTaken } from "../../stack/ports.ts";
import { type Stack, type StartOptions, startStack } from "../../stack/stack.ts";

/**
 * A stack of the test file's own, in memory, on a free block of ports: for what would get in the way
 * of other files. Below the ports that systems give to outgoing connections.
 */
export const startOwnStack = async (
  options: Partial<StartOptions> & { workdir?: string } = {},
): Promise<Stack> => {
  const first = process.pid % 60;
  for (let tried = 0; ; tried++) {
    try {
      const port = 26_321 + ((first + tried) % 60) * 10;
      return await startStack({ workdir: process.cwd(), memory: true, ...options, port });
    } catch (error) {
      if (!(error instanceof PortTaken) || tried === 59) throw error;
    }
  }
};
