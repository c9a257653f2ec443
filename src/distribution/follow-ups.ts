import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inReach } from "../shop.ts";
import { type Distribution, readDistributions } from "./distribution.ts";

/** The follow-ups of each of these distributions: those for which its own report was corrected. */
export async function followUpsOf(ctx: Context, ids: readonly number[]): Promise<Distribution[][]> {
  const wanted = sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  // The chain has an index: it is that of the one that is followed, or the number of that one.
  const found = await readDistributions(
    ctx,
    sql`
      chain IN (SELECT coalesce(d.chain, d.id) FROM distribution d WHERE d.id IN ${wanted})
      AND follows IN ${wanted} AND ${inReach(ctx, sql`shop`)} ORDER BY id`,
  );
  const byFollowed = Map.groupBy(found, ({ follows }) => follows);
  return ids.map((id) => byFollowed.get(id) ?? []);
}
