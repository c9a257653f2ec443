import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { prepared } from "../../db/statement.ts";
import { nameOfGift } from "../../promotion/promise.ts";

/** A reward that is promised, its terms as JSON. */
interface Promised {
  readonly kind: string;
  readonly terms: string;
}

/**
 * How many of each gift, by its name, are promised to a member and not given yet: by orders that are held or paid, but
 * for the one that the shop calls `but`, and by complete ones whose rewards are about to be given, or tried again.
 */
export async function promisedTo(
  ctx: Context,
  { member, but }: { readonly member: number; readonly but: string },
): Promise<Map<string, number>> {
  const found = await ctx.db.all<Promised>(promises({ member, but, now: ctx.clock() }));
  const promised = new Map<string, number>();
  for (const { kind, terms } of found) {
    const name = nameOfGift({ kind, terms: JSON.parse(terms) });
    promised.set(name, (promised.get(name) ?? 0) + 1);
  }
  return promised;
}

const promises = prepared<{ member: number; but: string; now: number }>(
  ({ member, but, now }) => sql`
    SELECT e.value ->> '$.reward.kind' AS kind, e.value -> '$.reward.terms' AS terms
    FROM coupon_order o, json_each(o.quote, '$.earned') e
    WHERE o.member = ${member} AND o.order_id <> ${but} AND e.value ->> '$.reward.kind' IS NOT NULL
      AND (o.state = 'REDEEMED' OR o.state = 'LOCKED' AND o.locked_until > ${now})
    UNION ALL
    SELECT r.kind, r.terms FROM coupon_order o CROSS JOIN order_reward r ON r.coupon_order = o.id
    WHERE o.member = ${member} AND (r.state = 'PENDING' OR r.state = 'REFUSED' AND r.due_at IS NOT NULL)`,
);
