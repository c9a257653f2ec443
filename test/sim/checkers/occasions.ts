import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { untouched } from "./untouched.ts";

/** A look has ended this long (ms) after its time, where nothing hinders it. */
const lookedMs = 10 * 60_000;
/** So long after the hour (ms) everyone whose day it is was decided on. */
const toldMs = 40 * 60_000;

interface Born {
  readonly policy: number;
  readonly member: number;
  readonly birthday: string;
  readonly hour: number;
  readonly zone: string | null;
  readonly occasions: string;
}

/** At a day of their own members are told once, nobody else is, and nobody whose birthday it is was forgotten. */
export const occasions: Checker = {
  name: "occasions",
  async always(world) {
    const found = await world.ctx?.db.all<{ fault: string }>(sql`
      WITH told AS (
        SELECT l.policy, l.at, p.kind, s.member, s.run
        FROM lifecycle_look l JOIN lifecycle_policy p ON p.id = l.policy JOIN run r ON r.campaign = l.campaign
        JOIN send s ON s.run = r.id JOIN member m ON m.seq = s.member AND m.deleted_at IS NULL
        WHERE ${untouched(world, sql`l.campaign`)} GROUP BY 1, 2, 3, 4, 5)
      SELECT 'member ' || member || ' is told at ' || kind || ' ' || count(*) || ' times by policy ' || policy AS fault
      FROM told GROUP BY policy, kind, member
      HAVING count(*) > (SELECT count(DISTINCT k.look) FROM lifecycle_mark k
          WHERE k.policy = told.policy AND k.member = told.member AND k.look > 0)
        OR (kind IN ('BIRTHDAY', 'REGISTERED') AND count(*) > 1)
      UNION ALL
      SELECT 'run ' || run || ' tells member ' || member || ', whom look ' || at || ' of policy ' || policy
        || ' did not mark' FROM told
      WHERE NOT EXISTS (SELECT 1 FROM lifecycle_mark k
        WHERE k.policy = told.policy AND k.look = told.at AND k.member = told.member)
      UNION ALL
      SELECT 'policy ' || p.id || ' says that it told ' || p.told || ' occasions: there are more'
      FROM lifecycle_policy p
      WHERE p.told < (SELECT count(*) FROM lifecycle_mark k
        JOIN lifecycle_look l ON l.policy = k.policy AND l.at = k.look AND l.state = 'DONE' WHERE k.policy = p.id)
      UNION ALL
      SELECT 'look ' || at || ' of policy ' || policy || ' has marked members, and has no campaign' FROM lifecycle_look
      WHERE state = 'DONE' AND members > 0 AND campaign IS NULL`);
    return found?.map(({ fault }) => fault) ?? [];
  },
  async atEnd({ ctx, now }) {
    if (!ctx) return [];
    const open = await ctx.db.all<{ policy: number; at: number }>(sql`
      SELECT policy, at FROM lifecycle_look WHERE state = 'OPEN' AND at < ${now() - lookedMs}`);
    const born = await ctx.db.all<Born>(sql`
      SELECT p.id AS policy, m.seq AS member, m.birthday, p.hour, m.time_zone AS zone, (
        SELECT json_group_array(k.occasion) FROM lifecycle_mark k
        WHERE k.policy = p.id AND k.member = m.seq) AS occasions
      FROM lifecycle_policy p CROSS JOIN member m
      JOIN schedule s ON s.noun = 'lifecycle' AND s.thing = p.id AND s.state = 'ACTIVE'
      WHERE p.kind = 'BIRTHDAY' AND p.enabled = 1 AND p.fault IS NULL AND m.birthday IS NOT NULL
        AND m.deleted_at IS NULL`);
    const forgotten = born.filter(({ birthday, hour, zone, occasions: marked }) => {
      const here = Temporal.Instant.fromEpochMilliseconds(now()).toZonedDateTimeISO(zone ?? ctx.settings.shopTimeZone);
      const since = here.epochMilliseconds - here.startOfDay().epochMilliseconds - hour * 3_600_000;
      const isToday = here.toPlainDate().toString().slice(5) === birthday.slice(5);
      return isToday && since > toldMs && !JSON.parse(marked).includes(`birthday/${here.year}`);
    });
    return [
      ...open.map(({ policy, at }) => `look ${at} of policy ${policy} never ended`),
      ...forgotten.map(({ policy, member }) => `today is member ${member}'s birthday, which policy ${policy} forgot`),
    ];
  },
};
