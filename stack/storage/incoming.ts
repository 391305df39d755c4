/** Bytes that are still taken in after a refusal, so that the client reads the answer. */
const lingerBytes = 64 * 1024 * 1024;
const lingerMs = 3_000;

/** A request's body, read at most once, that can be put aside at any point. */
export interface IncomingBody {
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Reads on without keeping anything, within bounds: a client that is refused while it sends would
   * otherwise see a broken connection instead of the answer. Says whether the end was reached.
   */
  drain(): Promise<boolean>;
}

export const incomingBody = (request: Request): IncomingBody => {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let ended = false;

  const read = async (): Promise<Uint8Array | null> => {
    if (ended) return null;
    reader ??= request.body?.getReader();
    const next = await reader?.read();
    if (next && !next.done) return next.value;
    ended = true;
    return null;
  };

  return {
    chunks: async function* () {
      for (let chunk = await read(); chunk; chunk = await read()) yield chunk;
    },
    drain: async () => {
      // Somebody else reads it, to the end or not.
      if (!reader && request.body?.locked) return true;
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        void reader?.cancel().catch(() => undefined);
      }, lingerMs);
      try {
        let size = 0;
        for (let chunk = await read(); chunk && !late; chunk = await read()) {
          size += chunk.byteLength;
          if (size > lingerBytes) break;
        }
      } catch {
        // The client is gone; nobody is left to read the answer.
      } finally {
        clearTimeout(timer);
      }
      return ended && !late;
    },
  };
};
