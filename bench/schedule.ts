import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "drizzle-orm";
import { startApp } from "../src/app.ts";
import { beginRuns } from "../src/campaign/schedule/begin.ts";
import { type Context, withTransaction } from "../src/context.ts";
import { compile } from "../src/db/statement.ts";
import { writeMigrated } from "../test/support/database.ts";
import { addCampaign, addMembers, shopEnv } from "../test/support/shop.ts";
import { until } from "../test/support/wait.ts";
import { openBare } from "./support/bare-file.ts";
import { rounded } from "./support/parts.ts";

/**
 * How much later than due schedules fire that are all due at one second, by real time on the embedded queue: p50 and
 * p99 of their drift, in milliseconds, and how many of them a second, up to the commit of the last. Beside it, in the
 * same run, the limit: as many occurrences, runs and messages written to a bare file, 200 a commit: the median of
 * several passes, for each takes but milliseconds, and now and then the disk is busy.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { schedules: { type: "string", default: "1000" }, json: { type: "boolean" } },
  });
  const schedules = Number(values.schedules);
  const own = await inNewDirectory((dir) => fire(dir, schedules));
  const passes: number[] = [];
  for (let pass = 0; pass < barePasses; pass++) passes.push(await inNewDirectory((dir) => bare(dir, schedules)));
  const limitPerSecond = passes.toSorted((a, b) => a - b)[Math.floor(barePasses / 2)] ?? 0;
  const result = {
    bench: "schedule",
    ...own,
    limitPerSecond,
    ratio: rounded(own.perSecond / limitPerSecond),
    limits: passes,
    settings: { schedules, barePasses, synchronous: "FULL" },
  };
  if (!values.json)
    console.error(
      `drift p50 ${own.p50} ms, p99 ${own.p99} ms; ${own.perSecond}/s, ${result.ratio} of ${limitPerSecond}`,
    );
  console.log(JSON.stringify(result));
}

/** Odd, so that one of them is the middle. */
const barePasses = 9;

async function inNewDirectory<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
  try {
    await writeMigrated(join(dir, "fanfare.db"));
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** So long (ms) before they are due all is ready. */
const aheadMs = 4_000;

async function fire(dir: string, schedules: number) {
  const app = await startApp(shopEnv(dir, { LEASE_SECONDS: "60" }));
  const { ctx } = app;
  await addMembers(ctx.db, 1);
  const first = await addCampaign(ctx, { channels: ["IN_APP"] });
  await ctx.db.write([
    sql`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${schedules - 1})
    INSERT INTO campaign (name, state, topic, audience, channels, reach, content, popup_priority, author,
      created_at, updated_at)
    SELECT name, state, topic, audience, channels, reach, content, popup_priority, author, created_at, updated_at
    FROM campaign, n WHERE id = ${first}`,
  ]);
  const dueAt = await armAll(ctx, schedules);
  const isLeft = () => ctx.db.first(sql`SELECT 1 FROM occurrence WHERE state = 'PLANNED' LIMIT 1`);
  await until(async () => (await isLeft()) === undefined, 120_000, "all to have fired");
  const endedAt = Date.now();
  const drifts = await ctx.db.all<{ ms: number }>(sql`
    SELECT decided_at - due_at AS ms FROM occurrence WHERE state = 'FIRED' ORDER BY 1`);
  if (drifts.length !== schedules) throw new Error(`${drifts.length} of ${schedules} fired`);
  await app.stop();
  const at = (share: number) => drifts[Math.min(drifts.length - 1, Math.floor(share * drifts.length))]?.ms ?? 0;
  return { p50: at(0.5), p99: at(0.99), perSecond: Math.round((schedules * 1_000) / (endedAt - dueAt)) };
}

/** All of them are launched to recur at one second, which comes soon; answers it. */
async function armAll(ctx: Context, schedules: number): Promise<number> {
  const begun = Date.now();
  let dueAt = 0;
  await withTransaction(ctx, async (tx) => {
    await tx.db.write([sql`UPDATE campaign SET state = 'ACTIVE'`]);
    const ids = await tx.db.all<{ id: number }>(sql`SELECT id FROM campaign`);
    // As long again as it takes to launch them.
    dueAt = Math.ceil((begun + aheadMs + schedules * 20) / 1_000) * 1_000;
    for (const { id } of ids)
      await beginRuns(tx, { id, shop: "", name: "Sale", startsAt: null, localTime: null, schedule: factsOf(dueAt) });
  });
  if (Date.now() > dueAt - 1_000) throw new Error("the machine is too slow: they are due before all are launched");
  return dueAt;
}

function factsOf(at: number) {
  const exclude = { dates: [], holidays: [] };
  const policies = { misfire: "RUN_NOW", withinMinutes: null, overlap: "SKIP" } as const;
  return { recurrence: { at }, zone: "UTC", exclude, jitterSeconds: 0, ...policies };
}

/** Rows a commit, as many as are fired in one. */
const pageSize = 200;

async function bare(dir: string, schedules: number): Promise<number> {
  const file = openBare(dir);
  const now = Date.now();
  const numbers = (from: number) =>
    sql`WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n LIMIT ${pageSize})`;
  const write = (statements: Parameters<typeof compile>[0][]) => file.batch(statements.map(compile), "write");
  await write([
    sql`
      INSERT INTO campaign (name, state, topic, audience, channels, reach, content, author, created_at, updated_at)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${schedules})
      SELECT 'n' || i, 'ACTIVE', '', '{}', '[]', 'EACH', '{}', '', ${now}, ${now} FROM n`,
    sql`
      INSERT INTO schedule
        (noun, thing, shop, name, timing, misfire, overlap, state, planned_to, created_at, updated_at)
      SELECT 'campaign', id, '', name, '{}', 'RUN_NOW', 'SKIP', 'ACTIVE', 0, ${now}, ${now} FROM campaign`,
  ]);
  const begun = performance.now();
  for (let from = 1; from <= schedules; from += pageSize) {
    await write([
      sql`
        INSERT INTO occurrence (schedule, planned_at, due_at, state, decision, decided_at)
        ${numbers(from)} SELECT i, ${now}, ${now}, 'FIRED', 'ON_TIME', ${now} FROM n`,
      sql`INSERT INTO run (campaign, due_at, state) ${numbers(from)} SELECT i, ${now}, 'PENDING' FROM n`,
      sql`
        INSERT INTO outbox (id, name, payload, subject, created_at)
        ${numbers(from)} SELECT 'm' || i, 'campaign-start', json_object('run', i), 'run/' || i, ${now} FROM n`,
    ]);
  }
  const perSecond = Math.round((schedules * 1_000) / (performance.now() - begun));
  file.close();
  return perSecond;
}
