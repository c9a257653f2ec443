import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { couponByCode } from "../../../src/coupon/list/coupon-by-code.ts";
import { type CouponsOrder, countCouponsOfMember, couponsOfMember } from "../../../src/coupon/list/member-coupons.ts";
import { couponsOfTemplate, sourceOf } from "../../../src/coupon/list/template-coupons.ts";
import { stateNow } from "../../../src/coupon/state-now.ts";
import { type Coupon, type CouponState, couponStates, couponTable } from "../../../src/coupon/table.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { filledPool } from "../../support/pools.ts";

let ledger: Ledger;
let all: Coupon[];
const templates = [1, 2];
const now = 1_000_000;
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(40);
  for (const _ of templates) await addTemplate(ledger.ctx, { perMember: 100 });
  // Every state beside every end and every lock: past, ahead, none.
  await ledger.ctx.db.write([
    sql`
      WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i LIMIT 300)
      INSERT INTO coupon (member, template, number, source, state, at, valid_from, valid_to, locked_until, counted)
      SELECT 1 + n % 20, 1 + (n / 3) % 2, n, CASE n % 4 WHEN 0 THEN 'CLAIM' WHEN 1 THEN 'ISSUE' ELSE 'run/7' END,
        CASE n % 5 WHEN 0 THEN 'AVAILABLE' WHEN 1 THEN 'LOCKED' WHEN 2 THEN 'USED' WHEN 3 THEN 'EXPIRED'
          ELSE 'WITHDRAWN' END, n, 0,
        CASE (n * 7) % 3 WHEN 0 THEN NULL WHEN 1 THEN ${now} - n % 4 ELSE ${now} + 1 + n % 4 END,
        CASE WHEN n % 5 = 1 THEN ${now} - 3 + (n * 11) % 7 END, 1 FROM i`,
  ]);
  ledger = { ...ledger, ctx: { ...ledger.ctx, clock: () => now } };
  all = await ledger.ctx.db.orm.select().from(couponTable);
});
afterAll(closeLedgers);

const never = Number.MAX_SAFE_INTEGER;
const idsOf = (coupons: readonly Coupon[]) => coupons.map(({ id }) => id);

/** All pages of a list, seventeen at a time. */
async function paged(page: (after: number | undefined, limit: number) => Promise<Coupon[]>): Promise<number[]> {
  const ids: number[] = [];
  for (;;) {
    const next = await page(ids.at(-1), 17);
    ids.push(...idsOf(next));
    if (next.length < 17) return ids;
  }
}

/** The order in which a template's coupons of a state come. */
function inOrder(state: CouponState, coupons: readonly Coupon[]): Coupon[] {
  const end = ({ validTo }: Coupon) => validTo ?? 0;
  if (state === "AVAILABLE") return coupons.toSorted((a, b) => end(a) - end(b) || a.id - b.id);
  return coupons.toSorted((a, b) => b.id - a.id);
}

test("a template's coupons are listed in the state that they are in now, each once, swept or not", async () => {
  for (const state of couponStates) {
    const are = inOrder(
      state,
      all.filter((coupon) => coupon.template === 1 && stateNow(coupon, now) === state),
    );
    expect(are.length).toBeGreaterThan(10);
    const list = (more: object) =>
      paged((after, limit) => couponsOfTemplate(ledger.ctx, { template: 1, state, after, limit, ...more }));
    expect({ state, ids: await list({}) }).toEqual({ state, ids: idsOf(are) });
    expect(await list({ member: 4 })).toEqual(idsOf(are.filter(({ member }) => member === 4)));
    for (const source of ["ISSUE", "CAMPAIGN"] as const)
      expect(await list({ source })).toEqual(idsOf(are.filter((coupon) => sourceOf(coupon) === source)));
  }
});

test("a member's coupons come the newest first or the soonest end first, and are counted", async () => {
  const theirs = all.filter(({ member }) => member === 4).toSorted((a, b) => b.id - a.id);
  const ending = theirs.toSorted((a, b) => (a.validTo ?? never) - (b.validTo ?? never) || a.id - b.id);
  const list = (order: CouponsOrder, more: object = {}) =>
    paged((after, limit) => couponsOfMember(ledger.ctx, { member: 4, order, after, limit, ...more }));
  expect(await list("NEWEST")).toEqual(idsOf(theirs));
  expect(await list("ENDING")).toEqual(idsOf(ending));
  const isFree = (coupon: Coupon) => coupon.template === 2 && stateNow(coupon, now) === "AVAILABLE";
  const which = { template: 2, state: "AVAILABLE" } as const;
  expect(await list("ENDING", which)).toEqual(idsOf(ending.filter(isFree)));
  expect(await countCouponsOfMember(ledger.ctx, { member: 4, ...which })).toBe(theirs.filter(isFree).length);
  expect(await countCouponsOfMember(ledger.ctx, { member: 4 })).toBe(theirs.length);
});

test("a coupon is found by its code however the member reads it out, made one by one or from a pool", async () => {
  const { db } = ledger.ctx;
  const { id } = await addTemplate(ledger.ctx, { codeMode: "POOL" });
  await filledPool(ledger.ctx, id, 2);
  const pooled = await db.first<{ code: string }>(sql`SELECT code FROM pool_code ORDER BY id DESC`);
  const give = async (code: string, number: number) => {
    const [made] = await db.write([
      sql`INSERT INTO coupon (member, template, number, source, at, valid_from, code, counted)
        VALUES (30, ${id}, ${number}, 'run/1', 0, 0, ${code}, 1) RETURNING id`,
    ]);
    return Number(made?.rows[0]?.id);
  };
  const [one, other] = [await give(pooled?.code ?? "", 1), await give("SOLO-7ZP4Q1M9XK0VB3", 2)];
  await db.write([sql`UPDATE pool_code SET coupon = ${one} WHERE code = ${pooled?.code}`]);
  const find = async (typed: string) => (await couponByCode(ledger.ctx, typed))?.id;
  const spoken = ["SOLO-7ZP4Q1M9XK0VB3", " solo–7zp4 q1m9 xkovb3 ", "Solo7zp4qIm9xkOvb3", "S0I0-7ZP4Q1M9XK0VB3"];
  expect(await Promise.all(spoken.map(find))).toEqual(spoken.map(() => other));
  expect(await find(` ${pooled?.code.toLowerCase().replaceAll("0", "O")} `)).toBe(one);
  expect(await find(`${"O".repeat(40)}-7ZP4Q1M9XK0VB3`)).toBeUndefined();
  expect([await find("SOLO-7ZP4Q1M9XK0VB4"), await find(""), await find("%")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
