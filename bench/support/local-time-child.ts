import { sql } from "drizzle-orm";
import { campaignPlan, campaignStart } from "../../src/campaign/messages.ts";
import { nextWave } from "../../src/campaign/run/zones.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { drafted, reachAll, readToldOf } from "./reach-rig.ts";

// A run by members' own clocks. When little of a wave is left the next one comes, and its message with it: what is
// measured is work, and not the day that goes by.

const told = readToldOf(Bun.argv);
let moved = 0;
const begins = Date.parse("2027-07-01T09:00:00Z");
const timed = { startsAt: begins, localTime: { passed: "NOW" } } as const;
const begun = await drafted(told, timed, { clock: () => Date.now() + moved });
const { ctx } = begun.app;
moved = begins - 15 * 3_600_000 - Date.now();

await reachAll(begun, told, async () => {
  const first = await ctx.db.first<{ id: number; at: number }>(sql`SELECT id, due_at AS at FROM run`);
  const run = first?.id ?? 0;
  moved = (first?.at ?? 0) - Date.now();
  await ctx.db.write([enqueue(ctx, [campaignStart.of({ run })])]);
  for (;;) {
    const now = await ctx.db.first<{ state: string; from: number; open: number; next: number | null }>(sql`
      SELECT state, planned_to AS "from", ${nextWave(sql`run.id`)} AS next, pages - pages_written
        + (SELECT coalesce(sum(n), 0) FROM tally t WHERE t.run = run.id AND t.state = 'PENDING') / 1000 AS open
      FROM run WHERE id = ${run}`);
    if (now?.state === "COMPLETED") break;
    if (now?.next && now.open < 32 && now.next > ctx.clock()) await comes(run, now.next, now.from);
    await Bun.sleep(5);
  }
});

/** The next wave comes now: where the clock is moved, an hour's work of all else is to be done as well. */
async function comes(run: number, at: number, from: number): Promise<void> {
  await ctx.db.write([
    sql`UPDATE run_zone SET at = ${ctx.clock()} WHERE run = ${run} AND at = ${at} AND planned = 0`,
    enqueue(ctx, [campaignPlan.of({ run, from })]),
  ]);
}
