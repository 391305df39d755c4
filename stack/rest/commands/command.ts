/** What a request comes to: one statement, and what its result must look like. */
export interface Command {
  text: string;
  values: readonly string[];
  kind: "read" | "insert" | "upsert" | "update" | "delete" | "call";
  isReadOnly: boolean;
  /** Whether rows are shown; without, the answer has no body. */
  isShown: boolean;
  /** Asks the planner instead of counting: `explain` of it tells how many rows there may be. */
  estimate?: { text: string; values: readonly string[] };
  /** The function returns nothing at all. */
  isVoid?: boolean;
  /** Duplicates cannot be told: there is no key, and a preference for them means nothing. */
  isKeyless?: boolean;
  /** The body holds the new row's key, for the header that says where it is; it is not shown. */
  isLocated?: boolean;
}
