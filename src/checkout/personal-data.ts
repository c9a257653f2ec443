import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";

/** What settlement holds about a member. Erasing forgets orders that came to nothing; those that were paid stay, for refunds need them. */
export const orderPersonalData: readonly PersonalData[] = [
  {
    name: "orders",
    table: "settlement",
    rows: (member) => sql`
      SELECT order_id, state, cart, quote, pay, refunded, locked_at, redeemed_at, ended_at FROM settlement WHERE member = ${member} ORDER BY id`,
    erase: (member) => [sql`DELETE FROM settlement WHERE member = ${member} AND state IN ('RELEASED', 'EXPIRED')`],
  },
];
