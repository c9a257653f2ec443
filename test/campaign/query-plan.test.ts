import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { countTaken, releaseRows, takeReady } from "../../src/campaign/ledger/batch-rows.ts";
import { sendsOfMember, sendsOfRun } from "../../src/campaign/ledger/list-sends.ts";
import { moveSends } from "../../src/campaign/ledger/move-sends.ts";
import { recordOutcomes } from "../../src/campaign/ledger/outcome.ts";
import { advanceSend } from "../../src/campaign/ledger/progress.ts";
import { wakeSends } from "../../src/campaign/ledger/wake.ts";
import { batchLimit, openBatches } from "../../src/campaign/run/batch-window.ts";
import { completeRun } from "../../src/campaign/run/completion.ts";
import { compile, type Query } from "../../src/db/statement.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

async function plansOf(queries: readonly Query[]): Promise<string[]> {
  const plans: string[] = [];
  for (const query of queries) {
    const { sql, args } = compile(query);
    const rows = await db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
    plans.push(...rows.map(({ detail }) => detail));
  }
  return plans;
}

const walks = /^SCAN (batch|page|send)\b|page USING (COVERING )?PRIMARY KEY/;

test("the end of each page and batch looks at unfinished work only, however much a run has done", async () => {
  const plain = testContext(db);
  const limits = { EMAIL: { batch: 100, parallelism: 1 } };
  const ctx = { ...plain, settings: { ...plain.settings, limits } };
  const plans = await plansOf([...completeRun(1, 0), ...openBatches(ctx, 1, "EMAIL", 2 * batchLimit(ctx, "EMAIL"))]);
  expect(plans.filter((detail) => /batch_unfinished|page_unwritten/.test(detail)).length).toBeGreaterThan(4);
  expect(plans.filter((detail) => walks.test(detail))).toEqual([]);
});

test("who failed in a run is read off an index, and a member's sends are found by their keys", async () => {
  const plain = testContext(db);
  const asked: Query[] = [];
  const spied = { ...db, all: <Row>(query: Query) => db.all<Row>(asked.push(query) ? query : query) };
  const ctx = { ...plain, db: spied };
  await db.write([
    sql`
      INSERT INTO campaign (id, name, state, topic, audience, channels, reach, content, author, created_at, updated_at)
      VALUES (1, 'Sale', 'ENDED', '', '{}', '[]', 'EACH', '{}', '', 1, 2)`,
    sql`INSERT INTO run (id, campaign, due_at, state, frozen) VALUES (1, 1, 0, 'COMPLETED', '{"channels":["EMAIL"]}')`,
    sql`INSERT INTO tally (run, channel, state, reason, n) VALUES (1, 'EMAIL', 'FAILED', 'X', 1)`,
  ]);
  const list = { run: 1, maxSeq: 10, limit: 20 };
  await sendsOfRun(ctx, { ...list, state: "FAILED" });
  expect((await plansOf(asked)).filter((detail) => detail.includes("send_lost"))).toEqual([
    "SEARCH s USING INDEX send_lost (run=? AND channel=? AND state=? AND member>? AND member<?)",
  ]);
  await sendsOfRun(ctx, { ...list, after: 1 });
  await sendsOfRun(ctx, { ...list, state: "FAILED", reason: "X" });
  await sendsOfMember(ctx, { member: 1, limit: 20, campaign: 1 });
  await sendsOfMember(ctx, { member: 1, limit: 20, state: "FAILED", after: 100 });
  const ofLedger = asked.filter((query) => /\bsend s\b/.test(compile(query).sql));
  const plans = (await plansOf(ofLedger)).filter((detail) => /\bs\b/.test(detail));
  expect(plans.filter((detail) => walks.test(detail) || /^SCAN/.test(detail))).toEqual([]);
  const ofMember = plans.filter((detail) => !/member>\?/.test(detail));
  expect(ofMember.length).toBeGreaterThan(1);
  expect(ofMember.filter((detail) => !/run=\? AND channel=\?.* AND member=\?/.test(detail))).toEqual([]);
});

test("what a batch does with its members looks each up, and never walks the ledger of its run", async () => {
  const guard = sql`EXISTS (SELECT 1 FROM batch WHERE seq = 1 AND state = 'FROZEN')`;
  const choosing = { seq: 1, run: 1, channel: "EMAIL", limit: 100, endsAt: null, now: 0, guard } as const;
  const outcome = { member: 1, state: "SENT", reason: "", providerId: null, dueAt: null } as const;
  const plans = await plansOf([
    ...moveSends({ where: sql`batch = 1 AND state = 'SENDING' AND ${guard}`, to: "PENDING", now: 0 }),
    releaseRows(1, guard),
    takeReady(choosing, { reason: sql`NULL`, awake: sql`` }),
    ...countTaken(choosing),
    ...recordOutcomes({ seq: 1, run: 1, channel: "EMAIL" }, [outcome], guard, 0),
    ...advanceSend({ send: { run: 1, channel: "EMAIL", member: 1 }, progress: "delivered" }, 0),
    ...wakeSends(1, 0, 10),
  ]);
  expect(plans.filter((detail) => /send_batch/.test(detail)).length).toBeGreaterThan(4);
  expect(plans.filter((detail) => walks.test(detail))).toEqual([]);
  expect(
    plans.filter((detail) => /^SEARCH (send|s) USING PRIMARY KEY \(run=\?( AND channel=\?)?\)$/.test(detail)),
  ).toEqual([]);
});
