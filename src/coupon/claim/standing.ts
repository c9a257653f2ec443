import { sql } from "drizzle-orm";
import { askTogether } from "../../ask-together.ts";
import type { Context } from "../../context.ts";
import type { Database } from "../../db/client.ts";
import { prepared } from "../../db/statement.ts";
import { perApp } from "../../memory.ts";

/** A claim that is about to be refused. */
export interface Refused {
  readonly token: string;
  /** Its member, by `seq`. */
  readonly member: number;
  readonly template: number;
}

/** What there is already. */
export interface Standing {
  /** Whether this very claim made a coupon before. */
  readonly isRepeated: boolean;
  /** The ids of the member's coupons of the template, in the order in which they came. */
  readonly held: readonly number[];
}

/** How a member stands who is to hear that nothing is left; a crowd is asked about by one statement. */
export function standingOf(ctx: Context, refused: Refused): Promise<Standing> {
  return perApp(ctx, "coupon.standing", () => asking(ctx))(refused);
}

function asking({ db, timers }: Context): (one: Refused) => Promise<Standing> {
  return askTogether(timers, (crowd: readonly Refused[]) => read(db, crowd));
}

const nothing: Standing = { isRepeated: false, held: [] };

async function read(db: Database, crowd: readonly Refused[]): Promise<readonly Standing[]> {
  const asked = JSON.stringify(crowd.map(({ token, member, template }) => [token, member, template]));
  const found = await db.all<{ place: number; id: number; number: number }>(couponsOf({ asked }));
  if (found.length === 0) return crowd.map(() => nothing);
  const byPlace = Map.groupBy(found, ({ place }) => place);
  return crowd.map((_, place) => {
    const rows = byPlace.get(place) ?? [];
    const held = rows.filter(({ number }) => number > 0).map(({ id }) => id);
    return { isRepeated: held.length < rows.length, held };
  });
}

/** The coupon that a claim made has the number 0. A member's coupons of a template lie together in `coupon_number`. */
const couponsOf = prepared<{ asked: string }>(
  ({ asked }) => sql`
    SELECT a.key AS place, c.id, 0 AS number
    FROM json_each(${asked}) a CROSS JOIN coupon c ON c.token = (a.value ->> 0)
    UNION ALL
    SELECT a.key, c.id, c.number
    FROM json_each(${asked}) a CROSS JOIN coupon c ON c.member = (a.value ->> 1) AND c.template = (a.value ->> 2)
    ORDER BY place, number`,
);
