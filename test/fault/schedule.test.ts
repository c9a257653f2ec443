import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { misfirePolicies, overlapPolicies } from "../../src/schedule/table.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { counted, isLong } from "../support/length.ts";
import { endRuns, faultsOfSchedule, hour, minute, recurring, type Said, sweep } from "../support/schedules.ts";
import { addCampaign } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

const schedules = counted(9, 200);
const lastsMs = counted(5 * hour, 30 * 24 * hour);
const kills = counted(1, 100);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const start = Date.parse("2027-03-25T06:00:00Z");
const end = start + lastsMs;
const lines = ["*/15 * * * *", "7 * * * *", "*/10 8-18 * * *", "30 2 * * *", "0 9 * * 1-5", "5,35 */2 * * *"];
const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

/** Each misfire policy with each for overlaps, and many recurrences and zones. */
function saidOf(i: number): Said {
  const misfire = misfirePolicies[i % 3] ?? "RUN_NOW";
  const of = <T>(list: readonly T[], n: number) => list[n % list.length] as T;
  return {
    recurrence: { cron: { line: of(lines, Math.floor(i / 9) + i), from: null, until: null } },
    zone: of(zones, i),
    misfire,
    withinMinutes: misfire === "RUN_IF_WITHIN" ? 60 : null,
    overlap: of(overlapPolicies, Math.floor(i / 3)),
    jitterSeconds: i % 5 === 0 ? 90 : 0,
  };
}

let db: RootDatabase | undefined;
afterAll(() => db?.close());

/** Lives in the process of its own until it has told a minute after `killAt`, or its end; answers the last one told. */
async function live(ledger: string, from: number, killAt: number, seed: number): Promise<number> {
  const script = join(import.meta.dir, "../support/schedule-victim.ts");
  const queue = seed % 3 === 0 ? "loses" : "keeps";
  const args = [ledger, from, end, seed, queue].map(String);
  const child = Bun.spawn([process.execPath, script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let last = from;
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    last = Number(text.trimEnd().split("\n").at(-1) ?? last);
    text = text.slice(text.lastIndexOf("\n") + 1) || `${last}\n`;
    if (last < killAt || killAt >= end) continue;
    await Bun.sleep(Math.random() * 4); // amid a commit, or between two
    child.kill("SIGKILL");
    break;
  }
  await child.exited;
  expect(child.signalCode ?? child.exitCode).toBe(killAt >= end ? 0 : "SIGKILL");
  return last;
}

/** What became of all times, by what their schedules say of those that were missed and those that overlap. */
function sumsOf(db: RootDatabase) {
  return db.all<{ missed: number }>(sql`
    SELECT s.misfire, s.overlap, count(*) AS times, sum(o.state = 'FIRED') AS fired,
      sum(o.state = 'SKIPPED') AS skipped, sum(o.decision IN ('LATE', 'MISSED', 'SUPERSEDED')) AS missed,
      sum(o.decision = 'LATE') AS late, sum(o.decision = 'OVERLAPPED') AS overlapped,
      sum(o.decision = 'AFTER_OVERLAP') AS queued
    FROM occurrence o JOIN schedule s ON s.id = o.schedule WHERE o.planned_at <= ${end} GROUP BY 1, 2`);
}

test(
  `I11 kill -9 × ${kills}, wakes and sweeps twice, lost and at once, outages of three hours, a clock set ±10 min: ` +
    `each time of ${schedules} schedules has one effect or one recorded decision, and what was missed is counted`,
  async () => {
    const ledger = join(tempDir(), "fanfare.db");
    db = await openTestDatabase(ledger);
    let now = start;
    const ctx: Context = { ...testContext(db), clock: () => now };
    const campaign = (draft: Parameters<typeof addCampaign>[1]) => addCampaign(ctx, draft);
    const campaigns: number[] = [];
    for (let i = 0; i < schedules; i++) campaigns.push((await recurring({ ctx, campaign }, saidOf(i))).campaign);
    const random = seededRandom(seed);
    const jumps = [0, 3 * hour, -10 * minute, 10 * minute];
    const jumped = new Map<number, number>();
    for (let n = 0; n <= kills; n++) {
      const killAt = n === kills ? end : start + ((n + 0.5 + random() / 3) * lastsMs) / (kills + 1);
      const last = await live(ledger, now, killAt, seed + n);
      const jump = n === 0 ? 3 * hour : (jumps[Math.floor(random() * jumps.length)] ?? 0);
      jumped.set(jump / minute, (jumped.get(jump / minute) ?? 0) + 1);
      now = last + jump;
    }
    // The last ones are due, with their jitter.
    now = end + 2 * minute;
    for (let n = 0; n < 3; n++) {
      await sweep(ctx);
      await endRuns(ctx);
    }
    const faults = await Promise.all(campaigns.map((each) => faultsOfSchedule(ctx, each, { from: start, until: end })));
    const became = await sumsOf(db);
    console.log(`${schedules} schedules, ${lastsMs / hour} hours, ${kills} kills, seed ${seed}`);
    console.log(`clock after a kill, by minutes: ${JSON.stringify([...jumped])}; faulty: ${faults.flat().length}`);
    if (isLong) console.table(became);
    expect(faults.flat()).toEqual([]);
    expect(became.every(({ missed }) => missed > 0)).toBeTrue();
  },
  counted(60_000, 3_600_000),
);
