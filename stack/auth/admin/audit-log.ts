import { z } from "zod";
import { invalid } from "../auth-error.ts";
import { adminRoute, type Call } from "../router.ts";
import { instance } from "../users.ts";
import { pageHeaders, pageLimit, readPage } from "./paging.ts";

/** Fields of an entry that each scope of `query=scope:text` looks into. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  author: ["actor_username", "actor_name"],
  action: ["action"],
  type: ["log_type"],
};

const searchOf = ({ url }: Call): { fields: readonly string[]; text: string } => {
  const query = url.searchParams.get("query") ?? "";
  if (query === "") return { fields: [], text: "" };
  const [, scope = "", text = ""] = /^([^:]*):(.*)$/s.exec(query) ?? [];
  const fields = scopes[scope];
  if (!fields) throw invalid(`Invalid query scope: ${query}`);
  return { fields, text };
};

const Total = z.object({ total: z.number() });

/** What happened to accounts, newest first. */
export const listAuditLog = adminRoute(
  { method: "GET", path: "/admin/audit" },
  async ({ database }, call) => {
    const page = readPage(call);
    const { fields, text } = searchOf(call);
    // Escaped, so that the text is looked for as it stands.
    const pattern = `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
    const matching = `
      from auth.audit_log_entries a
      where a.instance_id = '${instance}'
        and ($1::jsonb = '[]' or exists (
          select from jsonb_array_elements_text($1::jsonb) field
          where a.payload ->> field ilike $2
        ))`;
    const parameters = [JSON.stringify(text ? fields : []), pattern];
    const counted = await database.query(
      `select count(*)::integer as total ${matching}`,
      parameters,
    );
    const { rows } = await database.query(
      `select a.id, a.payload, to_jsonb(a.created_at) as created_at, a.ip_address ${matching}
       order by a.created_at desc, a.id limit $3::bigint offset $4::bigint`,
      [...parameters, ...pageLimit(page)],
    );
    const { total } = Total.parse(counted.rows[0]);
    return Response.json(rows, { headers: pageHeaders(call, page, total) });
  },
);
