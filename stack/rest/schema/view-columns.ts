/** Where a view's column comes from, when it is a column of a table as it stands. */
export interface Origin {
  /** Place among the view's columns, from 1. */
  position: number;
  table: number;
  /** Place among the table's columns, from 1. */
  column: number;
}

/**
 * Reads from a view's rewrite rule (a node tree, as `pg_rewrite.ev_action` prints it) which of its
 * columns are plain columns of tables. Views have no foreign keys; PostgREST lends them those of
 * the columns that they pass on, and so do we.
 */
export const viewOrigins = (rule: string): Origin[] =>
  topEntries(rule).flatMap((entry) => {
    const position = numberAfter(entry, "resno");
    const table = numberAfter(entry, "resorigtbl");
    const column = numberAfter(entry, "resorigcol");
    return table > 0 && column > 0 ? [{ position, table, column }] : [];
  });

/** The entries of the view's own target list; those of subqueries lie deeper. */
const topEntries = (rule: string): string[] => {
  const entries: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < rule.length; at++) {
    const character = rule[at];
    if (character === "\\") at++;
    else if (character === "{") {
      depth++;
      if (depth === 2) start = at;
    } else if (character === "}") {
      if (depth === 2 && rule.startsWith("{TARGETENTRY ", start)) {
        entries.push(rule.slice(start, at));
      }
      depth--;
    }
  }
  return entries;
};

/** The last one: fields of nested nodes come before the entry's own. */
const numberAfter = (entry: string, field: string): number => {
  const at = entry.lastIndexOf(`:${field} `);
  return at < 0 ? 0 : Number.parseInt(entry.slice(at + field.length + 2), 10);
};
