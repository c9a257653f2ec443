import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";

/**
 * What checkout holds about a member. Erasing forgets orders that came to nothing; those that were paid stay, for
 * refunds need them.
 */
export const orderPersonalData: readonly PersonalData[] = [
  {
    name: "orders",
    table: "coupon_order",
    rows: (member) => sql`
      SELECT order_id, state, cart, quote, pay, refunded, locked_at, redeemed_at, ended_at
      FROM coupon_order WHERE member = ${member} ORDER BY id`,
    erase: (member) => [sql`DELETE FROM coupon_order WHERE member = ${member} AND state IN ('RELEASED', 'EXPIRED')`],
  },
];
