import { z } from "zod";
import { invalid } from "../auth-error.ts";
import { adminRoute, type Call } from "../router.ts";
import { userJson } from "../user-json.ts";
import { Account, accountColumns, instance } from "../users.ts";
import { pageHeaders, pageLimit, readPage } from "./paging.ts";

const audience = "authenticated";

/** `sort=created_at asc`, the one field that GoTrue sorts by; newest first without it. */
const orderOf = ({ url }: Call): "asc" | "desc" => {
  const sort = url.searchParams.get("sort");
  if (!sort) return "desc";
  const [field = "", direction = "desc"] = sort.split(" ");
  if (field !== "created_at") throw invalid(`Bad Sort Parameters: bad field for sort '${field}'`);
  switch (direction.toLowerCase()) {
    case "asc":
      return "asc";
    case "desc":
      return "desc";
    default:
      throw invalid(
        `Bad Sort Parameters: bad direction for sort '${direction}', only 'asc' and 'desc' allowed`,
      );
  }
};

const matching = `
  from auth.users u
  where u.instance_id = '${instance}' and u.aud = '${audience}'
    and (
      $1 = '' or u.email like '%' || $1 || '%'
      or u.raw_user_meta_data ->> 'full_name' ilike '%' || $1 || '%'
    )`;

const Total = z.object({ total: z.number() });

/** Users, newest first; `filter` looks for a part of the address or of the full name. */
export const listUsers = adminRoute(
  { method: "GET", path: "/admin/users" },
  async ({ database }, call) => {
    const page = readPage(call);
    const order = orderOf(call);
    const filter = call.url.searchParams.get("filter") ?? "";
    const counted = await database.query(`select count(*)::integer as total ${matching}`, [filter]);
    const { rows } = await database.query(
      `select ${accountColumns} ${matching}
       order by u.created_at ${order} nulls last, u.id limit $2::bigint offset $3::bigint`,
      [filter, ...pageLimit(page)],
    );
    const { total } = Total.parse(counted.rows[0]);
    return Response.json(
      { users: rows.map((row) => userJson(Account.parse(row))), aud: audience },
      { headers: pageHeaders(call, page, total) },
    );
  },
);
