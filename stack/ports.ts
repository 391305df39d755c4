import { createServer } from "node:net";

/** The block of ports in the order `supabase start` has them, counted from the API's. */
export const portBlock = (first: number) => ({
  api: first,
  database: first + 1,
  studio: first + 2,
  mail: first + 3,
  sandbox: first + 4,
  pages: first + 5,
});

export type PortBlock = ReturnType<typeof portBlock>;

/** A port of the block that somebody else holds; the message says what to do. */
export class PortTaken extends Error {
  override name = "PortTaken";
  constructor(port: number, service: string) {
    super(
      `Port ${port} (${service}) is taken, perhaps by another stack; stop that program, or choose ` +
        "another block of ports with `npm start -- --port N`.",
    );
  }
}

/** Refuses before anything is started when a port of the block cannot be listened on. */
export const assertPortsFree = async (ports: Readonly<Record<string, number>>): Promise<void> => {
  for (const [service, port] of Object.entries(ports)) {
    await new Promise<void>((resolve, reject) => {
      const probe = createServer();
      probe.once("error", () => reject(new PortTaken(port, service)));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
    });
  }
};
