import { randomUUID } from "node:crypto";
import { unlinkSync } from "node:fs";
import { access, constants, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { messageOf, RunProblem, UsageProblem } from "./command-line.ts";

export interface Output {
  /** Shown in messages. */
  name: string;
  /**
   * Writes everything, packed if the name ends in .gz. A file gets its name when it is whole; until
   * then, and after a failure, a file of that name stays as it was. Throws RunProblem when writing
   * fails, and whatever the chunks throw.
   */
  write(chunks: AsyncIterable<string>): Promise<void>;
}

/** A file to write (`-`: standard output); throws UsageProblem when it cannot be one. */
export const openOutput = async (path: string): Promise<Output> => {
  if (path === "-") return { name: "standard output", write: writeToStandardOutput };
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) throw new UsageProblem(`${path} is not a file.`);
  const folder = dirname(path);
  const isWritable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) throw new UsageProblem(`There is no folder ${folder} that can be written to.`);
  return { name: path, write: (chunks) => writeToFile(path, chunks) };
};

const writeToFile = async (path: string, chunks: AsyncIterable<string>): Promise<void> => {
  // Beside the file, for a rename does not reach across file systems.
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);
  const interrupted = (signal: NodeJS.Signals) => {
    try {
      unlinkSync(partial);
    } finally {
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    // Opened before anything can go wrong, so that what is removed then is not made afterwards.
    const file = (await open(partial, "wx")).createWriteStream({ flush: true });
    if (/\.gz$/i.test(path)) await pipeline(chunks, createGzip(), file);
    else await pipeline(chunks, file);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw isOfSystem(error) ? notWritten(path, error) : error;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
};

const writeToStandardOutput = async (chunks: AsyncIterable<string>): Promise<void> => {
  try {
    await pipeline(chunks, process.stdout, { end: false });
  } catch (error) {
    throw isOfSystem(error) ? notWritten("standard output", error) : error;
  }
};

const notWritten = (name: string, error: unknown) =>
  new RunProblem(`${name} could not be written: ${messageOf(error)}.`, { cause: error });

const isOfSystem = (error: unknown): boolean => error instanceof Error && "syscall" in error;
