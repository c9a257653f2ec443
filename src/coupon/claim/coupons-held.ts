import { sql } from "drizzle-orm";
import { askTogether } from "../../ask-together.ts";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Database } from "../../db/client.ts";
import { perApp } from "../../memory.ts";

/** Who is asked about, by `seq`, and coupons of which template. */
export interface Holder {
  readonly member: number;
  readonly template: number;
}

/**
 * The ids of the coupons of a template that a member has or had, in the order in which they came; a crowd's questions
 * go to the database together.
 */
export function couponsHeld(ctx: Context, { member, template }: Holder): Promise<number[]> {
  return perApp(ctx, "coupon.held", () => asking(ctx))({ member, template });
}

function asking({ db, timers }: Context): (one: Holder) => Promise<number[]> {
  return askTogether(timers, (holders: readonly Holder[]) => read(db, holders));
}

/** A member's coupons of a template lie together in the index `coupon_number`. */
async function read(db: Database, holders: readonly Holder[]): Promise<number[][]> {
  const asked = holders.map((holder, place) => ({ ...holder, place }));
  const found = await db.all<{ place: number; id: number }>(sql`
    SELECT h.place, c.id FROM (
      SELECT ${field("place")} AS place, ${field("member")} AS member, ${field("template")} AS template
      FROM ${rows(asked)}) h
    CROSS JOIN coupon c ON c.member = h.member AND c.template = h.template ORDER BY h.place, c.number`);
  const byPlace = Map.groupBy(found, ({ place }) => place);
  return holders.map((_, place) => (byPlace.get(place) ?? []).map(({ id }) => id));
}
