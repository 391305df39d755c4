import { bare } from "../database/wire-sql.ts";

/** The statements of a script, in order, each as it was typed. */
export const statementsOf = (script: string): string[] => {
  const text = bare(script).replaceAll(/"[^"]*"/g, (name) => "n".repeat(name.length));
  // A function body in standard SQL has semicolons of its own; such a script is left as it is.
  if (/\bbegin\s+atomic\b/i.test(text)) return [script];
  const statements: string[] = [];
  let start = 0;
  const take = (end: number) => {
    if (text.slice(start, end).trim()) statements.push(script.slice(start, end).trim());
    start = end + 1;
  };
  for (let at = text.indexOf(";"); at >= 0; at = text.indexOf(";", at + 1)) take(at);
  take(text.length);
  return statements;
};

/** Whether the statements say themselves where a transaction is, or cannot run in one. */
export const needOwnTransactions = (statements: readonly string[]): boolean =>
  statements.some((statement) =>
    /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction|vacuum|cluster|reindex|(create|drop)\s+(database|tablespace|subscription)|(create|drop|re)\s*(unique\s+)?index\s+concurrently|alter\s+system)\b/i.test(
      bare(statement).trim(),
    ),
  );

/** Whether a cursor can read the statement's rows. */
export const isQuery = (statement: string): boolean =>
  /^\(*\s*(select|values|table|with)\b/i.test(bare(statement).trim());
