import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../../../stack/storage/errors.ts";
import { type Files, openFiles } from "../../../stack/storage/files.ts";

let folder: string;
let files: Files;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
  files = await openFiles(folder);
});

afterEach(() => rm(folder, { recursive: true }));

const text = async function* (...parts: string[]) {
  for (const part of parts) yield Buffer.from(part);
};

const contentOf = async (version: string | null) => {
  const file = await files.open(version);
  return file && new Response(file.stream(0, file.size - 1)).text();
};

/** Every file below the folder, but for the folders themselves. */
const left = async () => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};

const stored = async (content: string, replaced: string[] = []) => {
  const file = await files.write(text(content), 1000);
  await files.keep(file, (replacing) => replacing(replaced));
  return file.version;
};

const refusal = new StorageError(403, "Unauthorized", "no");

describe("a file", () => {
  test("is there once its row is, with size and sum", async () => {
    const file = await files.write(text("one", "two"), 6);
    expect(file).toMatchObject({ size: 6, md5: "5b9164ad6f496d9dee12ec7634ce253f" });
    expect(await contentOf(file.version)).toBeNull();
    await files.keep(file, async () => undefined);
    expect(await contentOf(file.version)).toBe("onetwo");
    expect(await left()).toEqual([file.version]);
  });

  test("is read from any byte to any byte, and empty ones too", async () => {
    const version = await stored("0123456789");
    const file = await files.open(version);
    expect(await new Response(file?.stream(3, 5)).text()).toBe("345");
    expect(await contentOf(await stored(""))).toBe("");
  });

  test("over the limit leaves nothing", async () => {
    await expect(files.write(text("12345", "6789"), 8)).rejects.toMatchObject({ status: 413 });
    expect(await left()).toEqual([]);
  });

  test("whose content breaks off leaves nothing", async () => {
    const broken = async function* () {
      yield Buffer.from("begin");
      throw new Error("gone");
    };
    await expect(files.write(broken(), 1000)).rejects.toThrow("gone");
    expect(await left()).toEqual([]);
  });

  test("whose row is refused goes, and the one it would replace stays", async () => {
    const old = await stored("old");
    const file = await files.write(text("new"), 1000);
    const attempt = files.keep(file, async (replacing) => {
      await replacing([old]);
      throw refusal;
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await left()).toEqual([old]);
  });

  test("takes the place of others", async () => {
    const [old, other] = [await stored("old"), await stored("other")];
    const version = await stored("new", [old]);
    expect((await left()).sort()).toEqual([other, version].sort());
  });

  test("is copied, and the copy lives on its own", async () => {
    const version = await stored("apple");
    const copy = await files.copy(version);
    if (!copy) throw new Error("no copy");
    await files.keep(copy, async () => undefined);
    await files.remove((replacing) => replacing([version]));
    expect(await contentOf(copy.version)).toBe("apple");
    expect(await files.copy(version)).toBeNull();
  });

  test("is taken in from elsewhere under a version of its own", async () => {
    const path = join(files.uploads, "whole");
    await writeFile(path, "whole");
    const version = "00000000-0000-4000-8000-000000000001";
    const file = await files.adopt(path, version);
    expect(file).toMatchObject({ version, size: 5 });
    await files.keep(file, async () => undefined);
    expect(await contentOf(version)).toBe("whole");
  });

  test("is named by nothing but a version", async () => {
    await writeFile(join(folder, "secret"), "secret");
    for (const version of ["../secret", "../../../../etc/passwd", "", null]) {
      expect(await files.open(version)).toBeNull();
      expect(await files.copy(version)).toBeNull();
      await files.remove((replacing) => replacing([version]));
    }
    expect(await left()).toEqual(["secret"]);
  });
});

describe("after a process was killed", () => {
  /** Ends a transaction in the way of one that nobody lived to see the end of. */
  const unknown = async () => {
    throw new Error("the connection is gone");
  };

  const recovered = async (rows: string[]) => {
    files = await openFiles(folder);
    await files.recover(async (versions) => new Set(versions.filter((v) => rows.includes(v))));
    return (await left()).sort();
  };

  test("a file whose row was not written goes", async () => {
    const file = await files.write(text("x"), 1000);
    await expect(files.keep(file, unknown)).rejects.toThrow("gone");
    expect(await recovered([])).toEqual([]);
  });

  test("a file whose row was written stays, and what it replaced goes", async () => {
    const old = await stored("old");
    const file = await files.write(text("new"), 1000);
    const attempt = files.keep(file, async (replacing) => {
      await replacing([old]);
      return unknown();
    });
    await expect(attempt).rejects.toThrow("gone");
    expect(await recovered([file.version])).toEqual([file.version]);
  });

  test("a file that was to be removed stays if its row does", async () => {
    const version = await stored("x");
    const attempt = files.remove(async (replacing) => {
      await replacing([version]);
      return unknown();
    });
    await expect(attempt).rejects.toThrow("gone");
    expect(await recovered([version])).toEqual([version]);
  });

  test("files that nobody was about to change are not asked about", async () => {
    const version = await stored("x");
    await writeFile(join(folder, "doubts", "cut-short"), '["0000');
    // A database without the row, perhaps another one: nothing is deleted for that.
    expect(await recovered([])).toEqual([version]);
  });

  test("drafts go", async () => {
    await writeFile(join(folder, "drafts", "half"), "half");
    expect(await recovered([])).toEqual([]);
  });
});
