import { Writable } from "node:stream";

/** Reports on their way at once; more than that are a flood, of which the log has the rest. */
const most = 20;
const patience = 5_000;

/**
 * Posts each log entry to `address` as it stands, one JSON object a request: an error tracker, or
 * a chat's webhook, takes it from there. What cannot be delivered is only in the log.
 */
export const reportsTo = (address: string): Writable => {
  let underway = 0;
  const post = async (body: string) => {
    underway += 1;
    try {
      const answer = await fetch(address, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(patience),
      });
      await answer.body?.cancel();
    } catch {
      // The tracker's failure must not become ours.
    } finally {
      underway -= 1;
    }
  };
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (underway < most) void post(chunk.toString());
      done();
    },
  });
};
