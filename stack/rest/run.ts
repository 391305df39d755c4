import { z } from "zod";
import type { Database, Session, Settings } from "../database/database.ts";
import { refuseUnfit } from "./answer.ts";
import type { Command } from "./commands/command.ts";
import type { RestRequest } from "./request.ts";
import type { AnswerRow } from "./sql/answer.ts";

export interface Result {
  row: AnswerRow;
  /** The number of all rows, if the request asks for it. */
  total: number | undefined;
}

const Plan = z.tuple([z.looseObject({ Plan: z.looseObject({ "Plan Rows": z.number() }) })]);

/**
 * Runs a command as the caller. Mostly that is one exchange with the database; a request whose
 * result decides whether it may stay takes a transaction, so that a refusal undoes it.
 */
export const run = async (
  database: Database,
  command: Command,
  settings: Settings,
  request: RestRequest,
  maxRows: number,
): Promise<Result> => {
  if (!isDecidedLater(command, request)) {
    const row = first(await database.statement<AnswerRow>(command.text, command.values, settings));
    return checked(request, command, row, totalOf(request, command, row));
  }
  return database.transaction(async (session) => {
    const planned = command.estimate && (await plannedRows(session, command.estimate));
    const row = first(await session.query<AnswerRow>(command.text, command.values));
    const counted = totalOf(request, command, row);
    const isExact = planned === undefined || (counted !== undefined && counted <= maxRows);
    const total = isExact ? counted : Math.max(planned, counted ?? 0);
    return checked(request, command, row, total);
  }, settings);
};

const checked = (
  request: RestRequest,
  command: Command,
  row: AnswerRow,
  total: number | undefined,
): Result => {
  refuseUnfit(request, command, row, total);
  return { row, total };
};

const isDecidedLater = (
  { isReadOnly, estimate }: Command,
  { preferences, media }: RestRequest,
): boolean =>
  estimate !== undefined ||
  (!isReadOnly &&
    (media.kind === "object" ||
      preferences["max-affected"] !== undefined ||
      preferences.count !== undefined));

const plannedRows = async (
  session: Session,
  { text, values }: NonNullable<Command["estimate"]>,
) => {
  const { rows } = await session.query(text, values);
  const [{ Plan: plan }] = Plan.parse(rows[0]?.["QUERY PLAN"]);
  return plan["Plan Rows"];
};

const totalOf = ({ preferences }: RestRequest, { kind }: Command, row: AnswerRow) => {
  if (!preferences.count) return undefined;
  if (kind === "read" || kind === "call") return row.total === null ? undefined : Number(row.total);
  return Number(row.page_total);
};

const first = <T>({ rows }: { rows: T[] }): T => {
  const [row] = rows;
  if (!row) throw new Error("The answer's statement returned no row.");
  return row;
};
