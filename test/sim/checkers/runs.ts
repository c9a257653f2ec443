import { sql } from "drizzle-orm";
import { bookFaults } from "../../support/ledger.ts";
import type { Checker } from "../actor.ts";
import type { World } from "../world/world.ts";

/** What is put off until a time is taken up within this (ms). */
const wakeMs = 10 * 60_000;

interface Unended {
  readonly id: number;
  readonly state: string;
  readonly campaign: string;
  readonly dueAt: number;
  /** The promotion that it tells of is off: somebody has to enable it. */
  readonly off: number;
  /** New runs of it come to the last. */
  readonly recurs: number;
  /** Sends that wait for a time that is to come, and waves by members' clocks. */
  readonly waiting: number;
  readonly rest: string;
}

/** A run adds up at all times, and has ended once there was time, unless it waits for a person or for its hour. */
export const runs: Checker = {
  name: "I8 I9 I12 runs",
  async always(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const settled = world.known(settledRuns);
    const all = await ctx.db.all<{ id: number; over: number }>(sql`
      SELECT id, state IN ('COMPLETED', 'CANCELLED') AS over FROM run WHERE frozen IS NOT NULL ORDER BY id`);
    const faults: string[] = [];
    for (const { id, over } of all) {
      if (settled.has(id)) continue;
      faults.push(...(await bookFaults(ctx.db, id)).map((fault) => `run ${id}: ${fault}`));
      if (over) settled.add(id);
    }
    return faults;
  },
  async atEnd(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const now = world.now();
    const all = await ctx.db.all<{ id: number }>(sql`SELECT id FROM run WHERE frozen IS NOT NULL ORDER BY id`);
    const sums = [];
    for (const { id } of all) sums.push(...(await bookFaults(ctx.db, id)).map((fault) => `run ${id}: ${fault}`));
    const open = await ctx.db.all<Unended>(sql`
      SELECT r.id, r.state, c.state AS campaign, r.due_at AS dueAt,
        c.schedule IS NOT NULL AS recurs,
        EXISTS (SELECT 1 FROM promotion p WHERE p.id = c.promotion AND p.enabled = 0) AS off,
        (SELECT count(*) FROM send WHERE run = r.id AND state = 'PENDING' AND due_at > ${now - wakeMs})
          + (SELECT count(*) FROM run_zone z WHERE z.run = r.id AND z.planned = 0
            AND z.at > ${now - wakeMs}) AS waiting,
        coalesce((SELECT group_concat(DISTINCT channel || ' ' || state || ' ' || reason) FROM send
          WHERE run = r.id AND state IN ('PENDING', 'SENDING')), '') || ' ' ||
        coalesce((SELECT group_concat(seq || ' ' || state) FROM batch WHERE run = r.id AND state <> 'DONE'), '') AS rest
      FROM run r JOIN campaign c ON c.id = r.campaign WHERE r.state NOT IN ('COMPLETED', 'CANCELLED') ORDER BY r.id`);
    const stuck = open
      .filter((run) => !mayWait(run, now))
      .map(({ id, state, campaign, dueAt, rest }) => {
        const due = new Date(dueAt).toISOString();
        return `run ${id}, due ${due}, is still ${state} (its campaign ${campaign}): ${rest}`;
      });
    return [...sums, ...stuck, ...(await unpublished(world))];
  },
};

/** Runs that were over when they were last looked at: nothing of theirs moves, which is looked at again at the end. */
const settledRuns = (): Set<number> => new Set();

/** Of a campaign that recurs a run of so long ago (ms) may be under way. */
const newMs = 20 * 60_000;

function mayWait({ state, campaign, dueAt, off, recurs, waiting }: Unended, now: number): boolean {
  if (state === "PAUSED" || state === "IN_REVIEW") return true;
  if (state === "PENDING") return dueAt > now - wakeMs || campaign === "PAUSED" || off === 1;
  return state === "RUNNING" && (waiting > 0 || (recurs === 1 && dueAt > now - newMs));
}

/** Whatever was to be published has been, once nothing hinders it. */
async function unpublished({ ctx, now }: World): Promise<string[]> {
  const rows = await ctx?.db.all<{ fault: string }>(sql`
    SELECT 'the outbox still has ' || subject || ', which was tried ' || attempts || ' times: ' || coalesce(error, '')
      AS fault
    FROM outbox WHERE published_at IS NULL AND created_at < ${now() - wakeMs}
      AND coalesce(not_before, 0) < ${now() - wakeMs}`);
  return rows?.map(({ fault }) => fault) ?? [];
}
