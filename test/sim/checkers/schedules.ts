import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { firedWhilePaused, lostWhilePaused } from "./paused-times.ts";

/** What is due is decided on within this (ms) once nothing hinders it. */
const sweptMs = 10 * 60_000;

/** For which time of its schedule run `r` is there. */
const plannedAt = sql.raw("coalesce(r.planned_at, r.due_at)");

/** Each time of a schedule has one effect or one recorded decision, and what was missed is counted. */
export const schedules: Checker = {
  name: "I11 schedules",
  async always(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const rows = await ctx.db.all<{ fault: string }>(sql`
      SELECT 'schedule ' || s.id || ' fired for ' || o.planned_at || ', and there is no run' AS fault
      FROM occurrence o JOIN schedule s ON s.id = o.schedule
      WHERE o.state = 'FIRED' AND s.noun = 'campaign'
        AND NOT EXISTS (SELECT 1 FROM run r WHERE r.campaign = s.thing AND ${plannedAt} = o.planned_at)
      UNION ALL
      SELECT 'run ' || r.id || ' is there for ' || r.due_at || ', which did not fire' FROM run r
      JOIN schedule s ON s.noun = 'campaign' AND s.thing = r.campaign
      JOIN occurrence o ON o.schedule = s.id AND o.planned_at = ${plannedAt} WHERE o.state <> 'FIRED'
      UNION ALL
      SELECT 'schedule ' || schedule || ', ' || planned_at || ': ' || state || ' ' || coalesce(decision, 'undecided')
      FROM occurrence WHERE (state IN ('PLANNED', 'QUEUED')) <> (decided_at IS NULL)
        OR state = 'FIRED' AND decision NOT IN ('ON_TIME', 'LATE', 'AFTER_OVERLAP', 'BACKFILLED')
      UNION ALL
      SELECT 'schedule ' || s.id || ' says that it missed ' || s.missed || ', its times say otherwise' FROM schedule s
      WHERE s.missed NOT BETWEEN
        (SELECT count(*) FROM occurrence o WHERE o.schedule = s.id AND o.decision IN ('LATE', 'MISSED', 'SUPERSEDED'))
        AND (SELECT count(*) FROM occurrence o WHERE o.schedule = s.id
          AND o.decision IN ('LATE', 'MISSED', 'SUPERSEDED', 'BACKFILLED', 'NOT_ACTIVE'))`);
    return [...rows.map(({ fault }) => fault), ...(await firedWhilePaused(world))];
  },
  async atEnd(world) {
    const { ctx, now } = world;
    if (!ctx) return [];
    const late = now() - sweptMs;
    const rows = await ctx.db.all<{ fault: string }>(sql`
      SELECT 'schedule ' || schedule || ': nobody decided on ' || planned_at AS fault FROM occurrence
      WHERE state = 'PLANNED' AND due_at < ${late}
      UNION ALL
      SELECT 'schedule ' || id || ' is planned up to ' || planned_to || ' alone' FROM schedule
      WHERE state <> 'ENDED' AND planned_to < ${late}`);
    return [...rows.map(({ fault }) => fault), ...(await lostWhilePaused(world))];
  },
};
