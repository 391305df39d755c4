/**
 * The name most like what was asked for, for "Perhaps you meant …"; absent when none is like it
 * enough. Likeness is 1 for the same and 0 for nothing in common, measured as PostgREST does by
 * fuzzyset: among the names that share a run of three letters, or else of two, by edit distance.
 */
export const nearest = (
  asked: string,
  names: Iterable<string>,
  least: number,
): string | undefined => {
  const candidates = [...names];
  for (const size of [3, 2]) {
    const wanted = runs(asked, size);
    const alike = candidates.filter((name) => runs(name, size).some((run) => wanted.includes(run)));
    const [best] = alike
      .map((name) => ({ name, likeness: likeness(asked.toLowerCase(), name.toLowerCase()) }))
      .sort((one, other) => other.likeness - one.likeness);
    if (best) return best.likeness >= least ? best.name : undefined;
  }
  return undefined;
};

const runs = (name: string, size: number): string[] => {
  const letters = name.toLowerCase().replace(/[^\p{L}\p{N}, ]+/gu, "");
  const padded = `-${letters}-`.padEnd(size, "-");
  return Array.from({ length: padded.length - size + 1 }, (_, at) => padded.slice(at, at + size));
};

const likeness = (one: string, other: string): number =>
  1 - distance(one, other) / Math.max(one.length, other.length, 1);

/** Levenshtein's: how many letters to add, drop or change. */
const distance = (one: string, other: string): number => {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...one].entries()) {
    const line = [row + 1];
    for (const [column, wanted] of [...other].entries()) {
      const changed = (above[column] ?? 0) + (letter === wanted ? 0 : 1);
      line.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above.at(-1) ?? 0;
};
