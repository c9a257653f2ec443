import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";

/** As the shop's settings say. */
const [withoutSecondPerson, growthPercent] = [50, 10];

/**
 * Sent without one: reminders, what was decided on with a distribution, and what a policy or the goods of the day say
 * that somebody set up who may approve.
 */
const decided = sql`c.kind IN ('COUPON_REMINDER', 'COUPON_NOTICE')
  OR c.id IN (SELECT campaign FROM lifecycle_look WHERE campaign > 0)
  OR c.id IN (SELECT campaign FROM hot_goods WHERE campaign > 0)`;

/** Whoever may approve says later when it recurs, and is no writer for it. The shop's clock is off by so much (ms). */
const clockMs = 1_300_000;
const isLaterTiming = sql`v.fields = '["schedule"]' AND v.at > c.frozen ->> 'at' - ${clockMs}`;

/**
 * No run reaches more than one person may decide on, unless a second one agreed who wrote none of it; nor more than
 * they agreed to, and a tenth.
 */
export const approvals: Checker = {
  name: "approvals",
  async always({ ctx }) {
    const found = await ctx?.db.all<{ fault: string }>(sql`
      SELECT 'run ' || r.id || ' of campaign ' || c.id || ' reached ' || r.matched || ', approved by '
        || coalesce(c.approver, 'nobody') || ' for ' || coalesce(c.frozen ->> 'members', 'any') AS fault
      FROM run r JOIN campaign c ON c.id = r.campaign
      WHERE r.matched > ${withoutSecondPerson} AND NOT (${decided}) AND (c.approver IS NULL
        OR EXISTS (SELECT 1 FROM revision v
          WHERE v.subject = 'campaign/' || c.id AND v.actor = c.approver AND NOT (${isLaterTiming}))
        OR c.frozen ->> 'at' <= r.started_at AND r.matched * 100 > c.frozen ->> 'members' * ${100 + growthPercent})`);
    return found?.map(({ fault }) => fault) ?? [];
  },
};
