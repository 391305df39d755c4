/** How much of a body is kept so that it can be sent again, in bytes. */
const mostKept = 1024 * 1024;

/**
 * A request's body that can be read from its start again, as long as little of it has been read and
 * nobody has said that it has arrived.
 */
export interface ReplayableBody {
  /** The body from its start. Whoever reads it anew has stopped reading before. */
  read(): AsyncGenerator<Uint8Array>;
  /** Whether reading again would give everything. */
  isWhole(): boolean;
  /** It has arrived: nothing needs to be kept any more. */
  release(): void;
}

export const replayable = (stream: ReadableStream<Uint8Array>): ReplayableBody => {
  const reader = stream.getReader();
  const chunks: (Uint8Array | undefined)[] = [];
  let size = 0;
  let isKept = true;
  let isDone = false;
  let pending: Promise<void> | undefined;

  /** Reads one more chunk; two who wait for it at the same time get the same one. */
  const more = (): Promise<void> => {
    pending ??= reader
      .read()
      .then(({ done, value }) => {
        isDone = done;
        if (!value) return;
        chunks.push(value);
        size += value.byteLength;
        if (size > mostKept) isKept = false;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };

  return {
    read: async function* () {
      for (let index = 0; ; index++) {
        while (index >= chunks.length && !isDone) await more();
        const chunk = chunks[index];
        if (!chunk) return;
        yield chunk;
        if (!isKept) chunks[index] = undefined;
      }
    },
    isWhole: () => isKept,
    release: () => {
      isKept = false;
    },
  };
};
