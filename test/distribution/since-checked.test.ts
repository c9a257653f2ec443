import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, faultsOfDistribution, issued, issueOpen, rowsOf, told } from "../support/distributions.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const listed = (...ids: readonly string[]) => `externalId\n${ids.join("\n")}\n`;

async function outcomesOf(ctx: Context, id: number) {
  expect(await faultsOfDistribution(ctx, id)).toEqual([]);
  return (await rowsOf(ctx, id)).map(({ row, outcome, cause, other }) => [row, outcome, cause, other]);
}

test("who was imported since the check gets a coupon, who was erased is unknown", async () => {
  const { ctx, members } = await openLedger();
  await members(4);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const ready = await checked(ctx, listed("x1", "x9", "x2", "x8", "x9"), { template });
  expect(told(ready, "predicted")).toEqual({ UNKNOWN_MEMBER: 3, ISSUED: 2 });
  await ctx.db.write([sql`UPDATE member SET external_id = 'x9' WHERE external_id = 'x4'`]);
  accepted(await eraseMember(ctx, { externalId: "x2" }));
  await issued(ctx, ready.id);
  expect(await outcomesOf(ctx, ready.id)).toEqual([
    [2, "ISSUED", null, null],
    [3, "ISSUED", null, null],
    [4, "UNKNOWN_MEMBER", null, null],
    [5, "UNKNOWN_MEMBER", null, null],
    [6, "DUPLICATE", null, 3],
  ]);
});

test("of a template that ended, or is for others by now, it is said, and of one that was given meanwhile", async () => {
  const { ctx, members } = await openLedger();
  await members(4, { level: "i" });
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const before = await checked(ctx, listed("x1"), { template });
  const ready = await checked(ctx, listed("x1", "x2", "x3", "x4"), { template });
  await issued(ctx, before.id);
  await ctx.db.write([
    sql`UPDATE coupon_template SET eligibility = ${JSON.stringify({ level: { gte: 3 } })} WHERE id = ${template}`,
  ]);
  await issued(ctx, ready.id);
  expect(await outcomesOf(ctx, ready.id)).toEqual([
    [2, "ALREADY_HELD", "LIMIT_REACHED", null],
    [3, "NOT_ELIGIBLE", "FOR_OTHERS", null],
    [4, "ISSUED", null, null],
    [5, "ISSUED", null, null],
  ]);
  const closes = (await addTemplate(ctx, { issueMode: "SYSTEM", closesAt: ctx.clock() + 60_000 })).id;
  const late = await checked(ctx, listed("x1", "x2"), { template: closes });
  accepted(await startDistribution(ctx, { id: late.id }));
  await ctx.db.write([sql`UPDATE coupon_template SET closes_at = 1 WHERE id = ${closes}`]);
  expect(await startDistribution(ctx, { id: late.id })).toMatchObject({ code: "WRONG_STATE" });
  await issueOpen(ctx, late.id);
  expect(told(accepted(await findDistribution(ctx, late.id)), "ended")).toEqual({ NOT_ELIGIBLE: 2 });
  expect((await outcomesOf(ctx, late.id)).map(([, , cause]) => cause)).toEqual(["ENDED", "ENDED"]);
});

test("what was out of stock, for others or beyond a limit is decided anew with the template as it is now", async () => {
  const { ctx, members } = await openLedger();
  await members(8, { level: "i" });
  const offer = { issueMode: "SYSTEM", stock: 4, perMember: 1 } as const;
  const template = (await addTemplate(ctx, offer)).id;
  await issued(ctx, (await checked(ctx, listed("x1", "x5"), { template })).id);
  const change = (terms: ReturnType<typeof sql>) =>
    ctx.db.write([sql`UPDATE coupon_template SET ${terms} WHERE id = ${template}`]);
  await change(sql`eligibility = ${JSON.stringify({ level: { gte: 3 } })}`);
  const ready = await checked(ctx, listed("x1", "x2", "x2", "x3", "x4", "x5", "x6", "x7", "x8"), { template });
  expect(told(ready, "predicted")).toEqual({
    ALREADY_HELD: 2,
    DUPLICATE: 1,
    NOT_ELIGIBLE: 1,
    ISSUED: 2,
    OUT_OF_STOCK: 3,
  });
  await change(sql`eligibility = ${JSON.stringify({ level: { gte: 2 } })}, per_member = 2, stock = 8`);
  await issued(ctx, ready.id);
  expect(await outcomesOf(ctx, ready.id)).toEqual([
    [2, "NOT_ELIGIBLE", "FOR_OTHERS", null],
    [3, "ISSUED", null, null],
    [4, "DUPLICATE", null, 3],
    ...[5, 6, 7, 8, 9].map((row) => [row, "ISSUED", null, null]),
    [10, "OUT_OF_STOCK", "SOLD_OUT", null],
  ]);
});

test("an address that several have by now, or only one any more, is looked up anew", async () => {
  const { ctx, members } = await openLedger();
  await members(6);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const [free, shared] = ["+4915112345601", "+4915112345602"];
  const call = (phone: string | null, ...ids: readonly string[]) =>
    ctx.db.write(ids.map((id) => sql`UPDATE member SET phone = ${phone} WHERE external_id = ${id}`));
  await call(shared, "x1", "x2");
  const ready = await checked(ctx, `phone,externalId\n${free},\n${shared},\n,x3\n`, { template });
  expect(told(ready, "predicted")).toEqual({ UNKNOWN_MEMBER: 1, INVALID: 1, ISSUED: 1 });
  await call(free, "x4", "x5");
  await call(null, "x2");
  await issued(ctx, ready.id);
  expect(await outcomesOf(ctx, ready.id)).toEqual([
    [2, "INVALID", "SEVERAL_MEMBERS", null],
    [3, "ISSUED", null, null],
    [4, "ISSUED", null, null],
  ]);
});

test.each([[[7]], [[7, 31]], [Array.from({ length: 40 }, (_, i) => i + 1)]])(
  "rows that the database refuses harm no other: %p",
  async (bad) => {
    const { ctx, members } = await openLedger();
    await members(40);
    const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: 100 })).id;
    await ctx.db.write([
      sql.raw(`CREATE TRIGGER planted BEFORE INSERT ON coupon WHEN NEW.member IN (${bad.join(", ")})
        BEGIN SELECT RAISE(ABORT, 'planted'); END`),
    ]);
    const { id } = await checked(ctx, listed(...Array.from({ length: 40 }, (_, i) => `x${i + 1}`)), { template });
    await issued(ctx, id);
    const refused = (await outcomesOf(ctx, id)).flatMap(([row, outcome, cause]) =>
      outcome === "ISSUED" ? [] : [[row, outcome, cause]],
    );
    expect(refused).toEqual(bad.map((member) => [member + 1, "INVALID", "NOT_WRITTEN"]));
    const facts = await ctx.db.first<{ issued: number }>(
      sql`SELECT issued FROM coupon_template WHERE id = ${template}`,
    );
    expect(facts?.issued).toBe(40 - bad.length);
  },
);
