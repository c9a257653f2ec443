import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { issueStatements } from "../../../src/coupon/issue/issue.ts";
import { addTemplate, templateDesk } from "../../support/coupons.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { filledPool } from "../../support/pools.ts";
import { accepted } from "../../support/shop.ts";

afterAll(closeLedgers);

const daysAhead = 3 * 86_400_000;

test("what moves a template with its coupons is written down by the shop's clock, not the database's", async () => {
  const { ctx, pass, members } = await openLedger();
  await members(3);
  pass(daysAhead);
  const began = ctx.clock();
  const { claim } = templateDesk(() => ctx);
  const [claimed, issued, pooled] = [
    await addTemplate(ctx, { stock: 1 }),
    await addTemplate(ctx, { stock: 2 }),
    await addTemplate(ctx, { codeMode: "POOL", codePrefix: "GIFT", stock: 0 }),
  ];
  accepted(await claim(1, claimed.id));
  const terms = { template: issued.id, perMember: 1, codeMode: "NONE", codePrefix: "", source: "run/1" } as const;
  const two = sql`SELECT seq AS member FROM member WHERE seq < 3`;
  await ctx.db.write(issueStatements({ ...terms, members: two, now: ctx.clock(), zone: "UTC" }));
  await filledPool(ctx, pooled.id, 1);
  accepted(await claim(1, pooled.id));
  await filledPool(ctx, pooled.id, 1);
  const moves = await ctx.db.all<{ subject: string; what: string; isShops: number }>(sql`
    SELECT subject, what, at BETWEEN ${began} AND ${ctx.clock()} AS isShops FROM audit
    WHERE actor = 'stock and budget'
    UNION ALL SELECT subject, type, at BETWEEN ${began} AND ${ctx.clock()} FROM event WHERE type = 'coupon.sold_out'`);
  const soldOut = [claimed, issued, pooled].map(({ id }) => `coupon-template/${id}`);
  const stays = (subject: string, what: string) => ({ subject, what, isShops: 1 });
  expect(moves).toEqual([
    ...soldOut.map((subject) => stays(subject, "SOLD_OUT")),
    stays(`coupon-template/${pooled.id}`, "ACTIVE"),
    ...soldOut.map((subject) => stays(subject, "coupon.sold_out")),
  ]);
});
