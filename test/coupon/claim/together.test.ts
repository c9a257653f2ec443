import { afterAll, expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { committerOf } from "../../../src/coupon/claim/committer.ts";
import type { PendingClaim } from "../../../src/coupon/claim/pending-claim.ts";
import { couponTable } from "../../../src/coupon/table.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const claimOf = (template: number, member: number, token: string): PendingClaim => ({
  ...{ template, member, token, source: "CLAIM", code: null, isPooled: false, dayEnd: null },
  at: Date.now(),
});

/** What they become that are decided by one commit. */
function together({ ctx }: Ledger, claims: readonly PendingClaim[]) {
  return Promise.all(claims.map((claim) => committerOf(ctx).commit(claim)));
}

test("of claims of one commit each hears of its own: new, repeated, at the limit, sold out, unknown", async () => {
  const shop = await openLedger();
  await shop.members(4);
  const [two, one] = [await addTemplate(shop.ctx, { perMember: 2 }), await addTemplate(shop.ctx, { stock: 1 })];
  await together(shop, [claimOf(two.id, 1, "a"), claimOf(two.id, 2, "b"), claimOf(one.id, 3, "c")]);
  const facts = await together(shop, [
    claimOf(two.id, 1, "d"),
    claimOf(two.id, 1, "e"),
    claimOf(two.id, 2, "b"),
    claimOf(one.id, 4, "f"),
    claimOf(999, 4, "g"),
    claimOf(two.id, 3, "h"),
    claimOf(two.id, 999, "i"),
  ]);
  expect(facts).toMatchObject([
    { coupon: { member: 1, number: 2, token: "d" } },
    { coupon: null, held: 2, perMember: 2, state: "ACTIVE" },
    { coupon: { member: 2, number: 1, token: "b" } },
    { coupon: null, held: 0, stock: 1, issued: 1, state: "SOLD_OUT" },
    { coupon: null, state: null },
    { coupon: { member: 3, number: 1, token: "h" } },
    { coupon: null, held: 0, stock: null, issued: 4 },
  ]);
});

test("what is answered of a coupon just made is its row, and the same again when it is asked for again", async () => {
  const shop = await openLedger();
  await shop.members(3);
  const [plain, dear, timed] = [
    await addTemplate(shop.ctx, {}),
    await addTemplate(shop.ctx, { budget: 5_000, maxDiscount: 700 }),
    await addTemplate(shop.ctx, { validHours: 5 }),
  ];
  const gift = { of: 1, asked: '{"n":1}', valid: { from: 5, to: null } };
  const claims: PendingClaim[] = [
    claimOf(plain.id, 1, "a"),
    { ...claimOf(dear.id, 1, "b"), code: "XYZ" },
    claimOf(timed.id, 2, "c"),
    { ...claimOf(plain.id, 3, "d"), source: "order/7", gift },
  ];
  for (const claim of claims) {
    const [first] = await together(shop, [claim]);
    const [row] = await shop.ctx.db.orm.select().from(couponTable).where(eq(couponTable.token, claim.token));
    expect(first).toEqual({ coupon: row!, isNew: true });
    expect(await together(shop, [claim])).toEqual([{ coupon: row!, isNew: false }]);
  }
  const templates = await shop.ctx.db.all(sql`SELECT issued, claimed, reserved FROM coupon_template ORDER BY id`);
  expect(templates).toEqual([
    { issued: 2, claimed: 1, reserved: 0 },
    { issued: 1, claimed: 1, reserved: 700 },
    { issued: 1, claimed: 1, reserved: 0 },
  ]);
});

test("a commit waits for the claims that stand at the gate, and not for those that do not come", async () => {
  const shop = await openLedger();
  await shop.members(3);
  const { id } = await addTemplate(shop.ctx, {});
  let writes = 0;
  const { db } = shop.ctx;
  const write: typeof db.write = (queries) => {
    writes += 1;
    return db.write(queries);
  };
  const committer = committerOf({ ...shop.ctx, memory: new Map(), db: { ...db, write } });
  const came = committer.expect();
  const first = committer.commit(claimOf(id, 1, "a"));
  await new Promise((resolve) => setImmediate(resolve));
  const second = committer.commit(claimOf(id, 2, "b"));
  came();
  expect(await Promise.all([first, second])).toMatchObject([{ coupon: { token: "a" } }, { coupon: { token: "b" } }]);
  expect(writes).toBe(1);
  committer.expect();
  expect(await committer.commit(claimOf(id, 3, "c"))).toMatchObject({ coupon: { token: "c" } });
});
