import { once } from "node:events";
import { createServer } from "node:net";
import { assertPortsFree, PortTaken, portBlock } from "../../stack/ports.ts";

// Below the ports that systems give to outgoing connections, which would take one of a block by chance.
const first = 21_000;
const size = 10;
const blocks = 1_000;

/** Listens for the rest of this process's life, which is how others see that the block is taken. */
const claim = async (port: number): Promise<boolean> => {
  const token = createServer().unref();
  token.listen(port, "127.0.0.1");
  try {
    await once(token, "listening");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
};

const isFree = async (port: number): Promise<boolean> => {
  try {
    await assertPortsFree(portBlock(port));
    return true;
  } catch (error) {
    if (error instanceof PortTaken) return false;
    throw error;
  }
};

/**
 * The first port of a block that no other test process gets, in this run or in one beside it. Its
 * last port is the token; the stack uses those before it.
 */
export const takePortBlock = async (): Promise<number> => {
  const start = Math.floor(Math.random() * blocks);
  for (let tried = 0; tried < blocks; tried++) {
    const port = first + ((start + tried) % blocks) * size;
    if ((await claim(port + size - 1)) && (await isFree(port))) return port;
  }
  throw new Error(`No block of ${size} ports is free from ${first} on.`);
};
