import type { Media } from "../media.ts";

export interface AnswerSql {
  /** Common table expressions that the rows are read from, without `with`. */
  sources: readonly string[];
  /** The rows to show; absent when the caller wants none. */
  rows?: string;
  media: Media;
  /** The one value of each row is shown instead of the row. */
  isValue?: boolean;
  /** The first row alone is the body: what a function returns that returns no set. */
  isSingle?: boolean;
  /** An SQL expression for the number of all rows, whatever the page. */
  total?: string | undefined;
  /** Rows of the change say whether they are new, see `insertSql`. */
  isMerge?: boolean;
}

/** The columns of the one row that every request to the API ends in. */
export interface AnswerRow extends Record<string, unknown> {
  body: string;
  /** Rows shown, or affected. */
  page_total: string;
  total: string | null;
  /** Of the rows that an upsert wrote, the new ones. */
  inserted: string | null;
  /** What SQL set for the answer by `set_config('response.status', …)`. */
  status: string | null;
  headers: string | null;
}

const status = "current_setting('response.status', true)";
const headers = "current_setting('response.headers', true)";

const answerSettingsSql = [`nullif(${status}, '') as status,`, `nullif(${headers}, '') as headers`];

const jsonText = String.raw`"([^"\\[:cntrl:]]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const jsonHeader = String.raw`\s*\{\s*${jsonText}\s*:\s*${jsonText}\s*\}\s*`;

/**
 * The same for what changes rows: a setting that is no answer must undo the change, so the statement
 * itself fails, by a cast whose message has the error's code; `asRestError` knows it.
 */
const checkedAnswerSql = [
  `case when ${status} ~ '^([2-5][0-9]{2})?$' is false`,
  `then (${status} || ' PGRST112')::integer::text else nullif(${status}, '') end as status,`,
  `case when ${headers} ~ '^(\\s*\\[(${jsonHeader}(,${jsonHeader})*|\\s*)\\]\\s*)?$' is false`,
  `then (${headers} || ' PGRST111')::integer::text else nullif(${headers}, '') end as headers`,
];

/** One statement whose result is the whole answer: the database writes the JSON. */
export const answerSql = ({ sources, rows, total, isMerge, ...form }: AnswerSql): string => {
  const from = rows ? `(${rows}) as shown` : "pgrst_source as shown";
  return [
    sources.length > 0 && `with ${sources.join(", ")}`,
    `select ${rows ? bodySql(form) : "''"} as body, count(*)::text as page_total,`,
    `${total ?? "null"} as total,`,
    isMerge
      ? "(select count(*)::text from pgrst_source where pgrst_source.is_new) as inserted,"
      : "null as inserted,",
    ...(sources.length > 0 ? checkedAnswerSql : answerSettingsSql),
    `from ${from}`,
  ]
    .filter((part) => part)
    .join(" ");
};

const bodySql = ({
  media,
  isValue,
  isSingle,
}: Omit<AnswerSql, "sources" | "rows" | "total" | "isMerge">) => {
  if (media.kind === "csv") return csvSql;
  const row = isValue ? "shown.value" : "shown";
  const rows = media.isStripped
    ? `json_strip_nulls(coalesce(json_agg(${row}), '[]'))`
    : `coalesce(json_agg(${row}), '[]')`;
  return isSingle || media.kind === "object"
    ? `coalesce((${rows}->0)::text, 'null')`
    : `${rows}::text`;
};

/** Header and lines; a row's own text form quotes as CSV does. */
const csvSql = `coalesce((array_agg((
    select string_agg(key, ',') from json_object_keys(row_to_json(shown)) as key
  )))[1], '') || E'\\n' || coalesce(string_agg(substring(shown::text, 2, length(shown::text) - 2), E'\\n'), '')`;
