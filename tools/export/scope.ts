import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { RunProblem, UsageProblem } from "../support/command-line.ts";
import { dataOf } from "../support/project.ts";
import type { Offered } from "./read-catalogue.ts";

const Roles = z.array(z.string());
const Ids = z.array(z.object({ id: z.string() }));
const Memberships = z.array(z.object({ seller_id: z.string() }));

export interface Scope {
  offered: Offered;
  /** Whether the account looks after the whole shop rather than its own products. */
  isStaff: boolean;
}

/**
 * Whose products an account exports: staff all, or those of one seller (by slug; `shop`: of none);
 * sellers theirs, though they see what others have on sale. Throws RunProblem for anybody else,
 * UsageProblem for an unknown slug.
 */
export const scopeOf = async (
  client: SupabaseClient,
  seller: string | undefined,
): Promise<Scope> => {
  const roles = Roles.parse(dataOf(await client.rpc("my_roles")));
  const isStaff = roles.includes("admin") || roles.includes("support");
  if (seller === "shop" && isStaff) return { offered: "shop", isStaff };
  if (seller !== undefined) {
    const [named] = Ids.parse(dataOf(await client.from("sellers").select("id").eq("slug", seller)));
    if (!named) throw new UsageProblem(`--seller "${seller}" is no seller of this shop.`);
    if (isStaff || (await ownSellers(client)).includes(named.id)) {
      return { offered: [named.id], isStaff };
    }
    throw new RunProblem(`This account does not work for the seller "${seller}".`);
  }
  if (isStaff) return { offered: "all", isStaff };
  const own = await ownSellers(client);
  if (own.length > 0) return { offered: own, isStaff };
  throw new RunProblem(
    "Admins, support and sellers export products; this account is none of them.",
  );
};

const ownSellers = async (client: SupabaseClient): Promise<string[]> => {
  const rows = Memberships.parse(dataOf(await client.from("seller_members").select("seller_id")));
  return [...new Set(rows.map(({ seller_id }) => seller_id))];
};
