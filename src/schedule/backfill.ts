import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { refuse } from "../errors.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { holidaysOf } from "./holidays.ts";
import { isExcluded } from "./recurrence/exclusion.ts";
import { timesAfter } from "./recurrence/recurrence.ts";
import { findSchedule, type Schedule } from "./schedule.ts";
import { timedOf } from "./timed.ts";

/** Times made up for at once, and looked at for that, at most. */
const [most, lookedAt] = [100, 5_000];

/** From when until when, ms. */
interface Range {
  readonly id: number;
  readonly from: number;
  readonly until: number;
  readonly dryRun: boolean;
}

/** What a backfill did, or would do. */
export interface Backfill {
  readonly schedule: Schedule;
  /** The times made up for, ms. */
  readonly times: readonly number[];
  /** Times in the range that had fired already. */
  readonly fired: number;
}

/**
 * Makes up for times that have passed and did not fire, whatever was decided of them: each fires now, once, whatever
 * the policies for missed times and overlap. Days that are left out stay so. A dry run says which they are.
 * NOT_FOUND; INVALID_INPUT for a range that does not lie in the past, or holds more than 100 that did not fire, or
 * 5,000 times; WRONG_STATE where what it sets off is not active.
 */
export function backfillSchedule(ctx: Context, { id, from, until, dryRun }: Range) {
  return withTransaction(ctx, async (tx) => {
    const schedule = await findSchedule(tx, id);
    if (!schedule) return refuse.notFound("schedule", id);
    if (until < from || until > tx.clock())
      return refuse.invalid([{ path: "until", message: "must lie behind `from`, and in the past" }]);
    const range = await timesIn(tx, schedule, from, until);
    if (!range) return refuse.invalid([{ path: "until", message: `more than ${lookedAt} times lie between these` }]);
    if (range.times.length > most)
      return refuse.invalid([{ path: "until", message: `more than ${most} times between these did not fire` }]);
    const timed = timedOf(tx, schedule.noun);
    const standing = (await timed?.standings(tx, [schedule.thing]))?.get(schedule.thing) ?? "OVER";
    if (standing === "OFF" || standing === "OVER")
      return refuse.wrongState("What it sets off is not active.", schedule.state);
    if (!dryRun && range.times.length > 0) {
      await fireAgain(tx, id, range.times);
      await timed?.fire(
        tx,
        range.times.map((plannedAt) => ({ thing: schedule.thing, plannedAt })),
      );
    }
    return { schedule, ...range } satisfies Backfill;
  });
}

/** Undefined where there are too many to look at. */
async function timesIn(tx: Context, { id, timing }: Schedule, from: number, until: number) {
  const holidays = await holidaysOf(tx, timing);
  const planned: number[] = [];
  for (const time of timesAfter(timing, from - 1)) {
    if (time > until) break;
    if (planned.length === lookedAt) return undefined;
    if (!isExcluded(timing, holidays, time)) planned.push(time);
  }
  const decided = await tx.db.all<{ at: number }>(sql`
    SELECT planned_at AS at FROM occurrence
    WHERE schedule = ${id} AND planned_at BETWEEN ${from} AND ${until} AND state IN ('FIRED', 'PLANNED', 'QUEUED')`);
  const known = new Set(decided.map(({ at }) => at));
  const times = planned.filter((time) => !known.has(time));
  return { times, fired: planned.length - times.length };
}

async function fireAgain(tx: Context, schedule: number, times: readonly number[]): Promise<void> {
  const now = tx.clock();
  const [first, last] = [times[0] ?? now, times.at(-1) ?? now].map((at) => new Date(at).toISOString());
  await tx.db.write([
    auditDeed(tx, subjectOf("schedule", schedule), `made up for ${times.length} from ${first} to ${last}`),
    sql`
      INSERT INTO occurrence (schedule, planned_at, due_at, state, decision, decided_at)
      SELECT ${schedule}, ${field("at")}, ${field("at")}, 'FIRED', 'BACKFILLED', ${now}
      FROM ${rows(times.map((at) => ({ at })))} WHERE true
      ON CONFLICT (schedule, planned_at) DO UPDATE
      SET state = excluded.state, decision = excluded.decision, decided_at = excluded.decided_at`,
  ]);
}
