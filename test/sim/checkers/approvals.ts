import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";

/** As the shop's settings say. */
const withoutSecondPerson = 50;

/** No run reaches more than one person may decide on, unless a second one agreed who wrote none of it. */
export const approvals: Checker = {
  name: "approvals",
  async always({ ctx }) {
    const found = await ctx?.db.all<{ fault: string }>(sql`
      SELECT 'run ' || r.id || ' of campaign ' || c.id || ' reached ' || r.matched || ', approved by '
        || coalesce(c.approver, 'nobody') AS fault
      FROM run r JOIN campaign c ON c.id = r.campaign
      WHERE r.matched > ${withoutSecondPerson} AND c.kind NOT IN ('COUPON_REMINDER', 'COUPON_NOTICE')
        AND (c.approver IS NULL OR EXISTS (
        SELECT 1 FROM revision v WHERE v.subject = 'campaign/' || c.id AND v.actor = c.approver))`);
    return found?.map(({ fault }) => fault) ?? [];
  },
};
