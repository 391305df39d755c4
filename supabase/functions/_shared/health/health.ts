import { endpoint, NoBody } from "../http.ts";
import { Problem } from "../problems.ts";

export interface HealthPorts {
  /** Throws when the database does not answer. */
  readShop(): Promise<void>;
}

/** `GET health`: 200 when orders can be taken, 503 `database_unavailable` when they cannot. */
export const createHealth = (ports: HealthPorts) =>
  endpoint({ method: "GET", body: NoBody }, async () => {
    try {
      await ports.readShop();
    } catch (cause) {
      throw new Problem("database_unavailable", {}, { cause });
    }
    return { status: "ok", database: "ok" };
  });
