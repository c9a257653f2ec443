import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";
import { forgetReasons } from "../transition/audit.ts";

/**
 * What is held of a member's coupons. Erasing takes out what the member wished for; the coupons stay, without a person,
 * and with them every sum. Which person of the shop gave one is that person's.
 */
export const walletPersonalData: readonly PersonalData[] = [
  {
    name: "coupons",
    table: "coupon",
    rows: (member) => sql`
      SELECT id, template, state, CASE WHEN source GLOB 'person/*' THEN 'person' ELSE source END AS source, code, at,
        invited_by, valid_from, valid_to, order_id, used_at, discount
      FROM coupon WHERE member = ${member}`,
    erase: (member) => [forgetReasons(sql`SELECT 'coupon/' || id FROM coupon WHERE member = ${member}`)],
  },
  {
    name: "couponReminders",
    table: "coupon_reminder",
    rows: (member) => sql`SELECT template, at FROM coupon_reminder WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM coupon_reminder WHERE member = ${member}`],
  },
];
