/** The name most like what was asked for, for "Perhaps you meant …"; absent when none is close. */
export const nearest = (asked: string, names: Iterable<string>): string | undefined => {
  const wanted = trigrams(asked);
  let best: string | undefined;
  let bestScore = 0.33;
  for (const name of names) {
    const score = likeness(wanted, trigrams(name));
    if (score > bestScore) [best, bestScore] = [name, score];
  }
  return best;
};

const trigrams = (text: string): Set<string> => {
  const padded = `  ${text.toLowerCase()} `;
  return new Set(Array.from({ length: padded.length - 2 }, (_, at) => padded.slice(at, at + 3)));
};

/** Shared trigrams over all trigrams, as pg_trgm's similarity(). */
const likeness = (one: ReadonlySet<string>, other: ReadonlySet<string>): number => {
  let shared = 0;
  for (const trigram of one) if (other.has(trigram)) shared++;
  return shared / (one.size + other.size - shared);
};
