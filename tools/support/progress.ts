import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  /** How far the work is, and one short text such as "812 rows/s". */
  update(value: number, note: string): void;
  stop(): void;
}

export interface ProgressOptions {
  label: string;
  /** Value at the end; 0 when it is not known. */
  total: number;
  stream?: NodeJS.WriteStream;
  /** Between plain lines, when the output is no terminal. */
  everyMs?: number;
}

/** A bar on a terminal, a line every few seconds elsewhere; nothing is ever written to stdout. */
export const startProgress = (options: ProgressOptions): Progress => {
  const stream = options.stream ?? process.stderr;
  return stream.isTTY ? bar(options, stream) : plain(options, stream);
};

const bar = ({ label, total }: ProgressOptions, stream: NodeJS.WriteStream): Progress => {
  const format =
    total > 0 ? `${label} {bar} {percentage} % | {note} | {eta_formatted} left` : `${label} {note}`;
  const shown = new SingleBar(
    { format, stream, hideCursor: true, barsize: 30, fps: 8, etaBuffer: 50 },
    Presets.shades_classic,
  );
  shown.start(total, 0, { note: "" });
  return {
    update: (value, note) => shown.update(Math.min(value, total || value), { note }),
    stop: () => shown.stop(),
  };
};

const plain = (
  { label, total, everyMs = 5000 }: ProgressOptions,
  stream: NodeJS.WriteStream,
): Progress => {
  let last = performance.now();
  return {
    update: (value, note) => {
      const now = performance.now();
      if (now - last < everyMs) return;
      last = now;
      const share = total > 0 ? ` ${Math.floor((Math.min(value, total) * 100) / total)} %,` : "";
      stream.write(`${label}:${share} ${note}\n`);
    },
    stop: () => undefined,
  };
};
