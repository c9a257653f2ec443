import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { withdrawUnused } from "../../src/coupon/use/withdraw.ts";
import {
  openDistributions,
  pauseDistribution,
  resumeDistribution,
  startDistribution,
} from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { issueBatch } from "../../src/distribution/issue.ts";
import { withdrawDistribution, withdrawStretch } from "../../src/distribution/withdraw.ts";
import { isRefusal } from "../../src/errors.ts";
import { addTemplate, pathsOf } from "../support/coupons.ts";
import { checked, issued, issueOpen } from "../support/distributions.ts";
import { couponFaults } from "../support/issue.ts";
import { isLong } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const rows = 2_100;
const file = `externalId\n${Array.from({ length: rows }, (_, i) => `x${i + 1}`).join("\n")}\n`;

/** The messages to take back that wait in the outbox, none twice. */
async function waiting(ctx: Context) {
  const found = await ctx.db.all<{ from: number }>(sql`
    SELECT json_extract(payload, '$.from') AS "from" FROM outbox WHERE name = 'distribution-withdraw' ORDER BY seq`);
  return found.map(({ from }) => from);
}

/** Takes all back as the queue does: each message twice and at once, and old ones again. */
async function withdrawn(ctx: Context, id: number) {
  for (let done = 0; ; ) {
    const messages = await waiting(ctx);
    if (done === messages.length) break;
    for (const from of messages.slice(0, ++done))
      await Promise.all([0, 1].map(() => withdrawStretch(ctx, { distribution: id, from })));
  }
  return accepted(await findDistribution(ctx, id));
}

test("what nobody has used is taken back, once, whatever the queue repeats; the sums hold", async () => {
  const { ctx, members, pass } = await openLedger();
  await members(rows);
  const facts = { stock: rows, budget: rows * 1_000, maxDiscount: 1_000, perMember: 2 };
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", ...facts })).id;
  const before = await issued(ctx, (await checked(ctx, "externalId\nx1\n", { template })).id);
  const { id } = await checked(ctx, file, { template });
  expect(isRefusal(await withdrawDistribution(ctx, { id, reason: "too early" }))).toBeTrue();
  accepted(await startDistribution(ctx, { id }));
  expect(isRefusal(await withdrawDistribution(ctx, { id, reason: "too early" }))).toBeTrue();
  await issueOpen(ctx, id);
  // One is used, one is withdrawn by hand, one has expired.
  const of = (member: number) =>
    sql`(SELECT id FROM coupon WHERE member = ${member} AND source GLOB ${`distribution/${id}/*`})`;
  const [hand] = await ctx.db.all<{ id: number }>(sql`SELECT ${of(2)} AS id`);
  accepted(await withdrawUnused(ctx, { coupon: hand?.id ?? 0, reason: "by hand" }));
  await ctx.db.write([sql`UPDATE coupon SET valid_to = 1 WHERE id = ${of(4)}`]);
  const gone = accepted(await withdrawDistribution(ctx, { id, reason: "a wrong list" }));
  expect(gone.withdrawTo).toBe(0);
  expect(pathsOf(await withdrawDistribution(ctx, { id, reason: " " }))).toEqual(["reason"]);
  // Asked again, and by the sweep when it was lost.
  accepted(await withdrawDistribution(ctx, { id, reason: "again" }));
  expect(await waiting(ctx)).toEqual([0]);
  pass(60_000);
  expect((await openDistributions(ctx, ctx.clock())).map(({ name, payload }) => [name, payload])).toEqual([
    ["distribution-withdraw", { distribution: id, from: 0 }],
  ]);
  const done = await withdrawn(ctx, id);
  // x1 was issued at most before: the stock was short by one for the last.
  expect([done.withdrawn, done.withdrawTo]).toEqual([rows - 1 - 2, done.readTo]);
  expect(await openDistributions(ctx, ctx.clock() + 1)).toEqual([]);
  const states = await ctx.db.all<{ state: string; n: number }>(sql`
    SELECT state, count(*) AS n FROM coupon GROUP BY state ORDER BY state`);
  expect(states.map(({ state, n }) => [state, n])).toEqual([
    ["AVAILABLE", 2],
    ["WITHDRAWN", rows - 2],
  ]);
  expect(accepted(await findDistribution(ctx, before.id)).withdrawn).toBe(0);
  expect(await couponFaults(ctx.db)).toEqual([]);
});

test.if(isLong)(
  "of one that is paused what was given is taken back before it goes on, and the rest after it",
  async () => {
    const { ctx, members } = await openLedger();
    await members(6_000);
    const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
    const long = `externalId\n${Array.from({ length: 6_000 }, (_, i) => `x${i + 1}`).join("\n")}\n`;
    const { id } = await checked(ctx, long, { template });
    accepted(await startDistribution(ctx, { id }));
    await issueBatch(ctx, { distribution: id, batch: 0 });
    accepted(await pauseDistribution(ctx, { id }));
    const given = accepted(await findDistribution(ctx, id)).counts.find(({ outcome }) => outcome === "ISSUED")?.ended;
    accepted(await withdrawDistribution(ctx, { id, reason: "a wrong list" }));
    expect(await resumeDistribution(ctx, { id })).toMatchObject({ code: "WRONG_STATE" });
    expect((await withdrawn(ctx, id)).withdrawn).toBe(given ?? 0);
    accepted(await resumeDistribution(ctx, { id }));
    await issueOpen(ctx, id);
    accepted(await withdrawDistribution(ctx, { id, reason: "the rest" }));
    for (const from of [0, 2_000, 4_000, 6_000]) await withdrawStretch(ctx, { distribution: id, from });
    await ctx.db.write([
      sql`DELETE FROM outbox WHERE seq < (SELECT max(seq) FROM outbox WHERE name = 'distribution-withdraw')`,
    ]);
    expect((await withdrawn(ctx, id)).withdrawn).toBe(6_000);
    expect(await couponFaults(ctx.db)).toEqual([]);
  },
);
