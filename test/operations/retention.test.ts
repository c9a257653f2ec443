import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { orderKeeps } from "../../src/checkout/order/retention.ts";
import type { Context } from "../../src/context.ts";
import { renderMetrics } from "../../src/operations/metrics.ts";
import { forgetOld } from "../../src/operations/retention.ts";
import { auditDeed } from "../../src/transition/audit.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

const dayMs = 86_400_000;

async function forgottenOf(ctx: Context, what: string): Promise<number> {
  const { text } = await renderMetrics(ctx);
  return Number(new RegExp(`^fanfare_forgotten_total\\{what="${what}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
}

test("an inbox keeps half a year, and no more than the newest 500 of a member", async () => {
  const { ctx } = await openLedger();
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 510)
      INSERT INTO inbox (member, run, at) SELECT 1, i, ${now} FROM n`,
    sql`INSERT INTO inbox (member, run, at) VALUES (2, 1, ${now - 181 * dayMs}), (2, 2, ${now - 179 * dayMs})`,
    sql`INSERT INTO popup (member, run, priority, at) VALUES (2, 1, 0, ${now - 181 * dayMs}), (2, 2, 0, ${now})`,
  ]);
  const before = await forgottenOf(ctx, "inbox");
  await forgetOld(ctx);
  const kept = await ctx.db.all(sql`SELECT member, count(*) AS n, min(run) AS first FROM inbox GROUP BY 1`);
  expect(kept).toEqual([
    { member: 1, n: 500, first: 11 },
    { member: 2, n: 1, first: 2 },
  ]);
  expect(await ctx.db.all(sql`SELECT member, run FROM popup`)).toEqual([{ member: 2, run: 2 }]);
  expect((await forgottenOf(ctx, "inbox")) - before).toBe(11);
});

test("coupons that ended long ago go once their template is over, and the template's sums stay", async () => {
  const { ctx, members } = await openLedger();
  await members(4);
  const now = ctx.clock();
  const old = now - 401 * dayMs;
  const over = await addTemplate(ctx, {});
  const open = await addTemplate(ctx, {});
  for (const { id } of [over, open]) {
    await ctx.db.write([
      sql`
        INSERT INTO coupon (member, template, number, source, state, at, valid_from, valid_to, used_at) VALUES
          (1, ${id}, 1, 'CLAIM', 'USED', ${old}, ${old}, ${old}, ${old}),
          (2, ${id}, 1, 'CLAIM', 'USED', ${old}, ${old}, NULL, ${now}),
          (3, ${id}, 1, 'CLAIM', 'AVAILABLE', ${old}, ${old}, NULL, NULL),
          (4, ${id}, 1, 'CLAIM', 'EXPIRED', ${old}, ${old}, ${old}, NULL)`,
    ]);
  }
  await ctx.db.write([sql`UPDATE coupon_template SET state = 'ENDED', updated_at = ${old} WHERE id = ${over.id}`]);
  await forgetOld(ctx);
  const kept = await ctx.db.all(sql`SELECT template, json_group_array(member) AS members FROM coupon GROUP BY 1`);
  expect(kept).toEqual([
    { template: over.id, members: "[2,3]" },
    { template: open.id, members: "[1,2,3,4]" },
  ]);
  expect(await ctx.db.first(sql`SELECT issued FROM coupon_template WHERE id = ${over.id}`)).toEqual({ issued: 4 });
});

test("a redeemed order is kept for 400 days, with what was refunded of it", async () => {
  const { ctx } = await openLedger();
  for (const [id, days] of [
    [1, 401],
    [2, 399],
  ] as const) {
    const at = ctx.clock() - days * dayMs;
    await ctx.db.write([
      sql`
        INSERT INTO coupon_order (id, order_id, member, state, revision, cart, quote, pay, locked_at, locked_until,
          redeemed_at) VALUES (${id}, ${`o${id}`}, 1, 'REDEEMED', 'r', '{}', '{}', 100, ${at}, ${at}, ${at})`,
      sql`
        INSERT INTO coupon_order_refund (coupon_order, name, policy, asked, amount, lines, given_back, at)
        VALUES (${id}, 'r', 'KEEP', '{}', 1, '[]', '[]', ${at})`,
    ]);
  }
  for (const { forget } of orderKeeps) await forget(ctx);
  expect(await ctx.db.all(sql`SELECT id FROM coupon_order`)).toEqual([{ id: 2 }]);
  expect(await ctx.db.all(sql`SELECT coupon_order AS id FROM coupon_order_refund`)).toEqual([{ id: 2 }]);
});

test("why something was done with a coupon or an order is forgotten with it: it may be about its member", async () => {
  const { ctx } = await openLedger();
  const [old, now] = [ctx.clock() - 401 * dayMs, ctx.clock()];
  const { id: over } = await addTemplate(ctx, {});
  const said = { ...ctx, reason: "Mia phoned" };
  await ctx.db.write([
    ...[old, now].map(
      (at, n) => sql`
        INSERT INTO coupon (id, member, template, number, source, state, at, valid_from, used_at)
        VALUES (${n + 1}, ${n + 1}, ${over}, 1, 'CLAIM', 'USED', ${at}, ${at}, ${at})`,
    ),
    ...[old, now].map(
      (at, n) => sql`
        INSERT INTO coupon_order (id, order_id, member, state, revision, cart, quote, pay, locked_at, locked_until,
          ended_at) VALUES (${n + 1}, ${`o${n}`}, 1, 'RELEASED', 'r', '{}', '{}', 100, ${at}, ${at}, ${at})`,
    ),
    sql`UPDATE coupon_template SET state = 'ENDED', updated_at = ${old} WHERE id = ${over}`,
    ...["coupon/1", "coupon/2", "order/1", "order/2"].map((subject) => auditDeed(said, subject, "done")),
  ]);
  await forgetOld(ctx);
  const kept = await ctx.db.all(sql`SELECT subject, reason FROM audit WHERE what = 'done' ORDER BY id`);
  expect(kept).toEqual([
    { subject: "coupon/1", reason: null },
    { subject: "coupon/2", reason: "Mia phoned" },
    { subject: "order/1", reason: null },
    { subject: "order/2", reason: "Mia phoned" },
  ]);
});

test("what is walked through a stretch at a time is looked at whole, again and again", async () => {
  const { ctx } = await openLedger();
  const at = ctx.clock() - 181 * dayMs;
  const fill = sql`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
    INSERT INTO inbox (member, run, at) SELECT i, 1, ${at} FROM n`;
  const left = async () => (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM inbox`))?.n;
  await ctx.db.write([fill]);
  const lefts: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    await forgetOld(ctx);
    lefts.push(await left());
  }
  await ctx.db.write([sql`INSERT INTO inbox (member, run, at) VALUES (1, 1, ${at})`]);
  await forgetOld(ctx);
  expect([...lefts, await left()]).toEqual([14_999, 4_998, 0, 0]);
});

test("what the sandbox took is kept for thirty days, and no more of it than is set", async () => {
  const { ctx } = await openLedger();
  const envelope = (n: number) => ({
    ref: `run1:${n}`,
    to: [`m${n}@shop.example`],
    parts: { subject: "Hi", html: "Hi" },
  });
  const envelopes = Array.from({ length: 5 }, (_, n) => envelope(n));
  await ctx.sandbox.senders.EMAIL.send({ id: "b1", envelopes });
  const { operations, ...slices } = ctx.settings.slices as { operations: object };
  const set = (sandboxMax: number) => ({ ...slices, operations: { ...operations, sandboxMax } });
  await forgetOld({ ...ctx, settings: { ...ctx.settings, slices: set(3) } });
  expect(ctx.sandbox.counts().EMAIL).toBe(3);
  await forgetOld({ ...ctx, clock: () => Date.now() + 31 * dayMs });
  expect(ctx.sandbox.counts().EMAIL).toBe(0);
});
