import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";
import { forgetReasons } from "../transition/audit.ts";

/**
 * What checkout holds about a member. Erasing forgets orders that came to nothing; those that were paid stay, for
 * refunds need them.
 */
export const orderPersonalData: readonly PersonalData[] = [
  {
    name: "orders",
    table: "coupon_order",
    rows: (member) => sql`
      SELECT order_id, state, cart, quote, pay, refunded, locked_at, redeemed_at, completed_at, ended_at
      FROM coupon_order WHERE member = ${member} ORDER BY id`,
    erase: (member) => [
      forgetReasons(sql`SELECT 'order/' || id FROM coupon_order WHERE member = ${member}`),
      sql`DELETE FROM coupon_order WHERE member = ${member} AND state IN ('RELEASED', 'EXPIRED')`,
    ],
  },
  {
    name: "orderRewards",
    table: "order_reward",
    rows: (member) => sql`
      SELECT o.order_id, r.promotion, r.name, r.kind, r.terms, r.state, r.given, r.reason, r.created_at, r.changed_at
      FROM coupon_order o CROSS JOIN order_reward r ON r.coupon_order = o.id WHERE o.member = ${member} ORDER BY r.id`,
    erase: () => [],
  },
];
