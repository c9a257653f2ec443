import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Actor } from "../../../src/actor.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { issueToken, issueTokenByName } from "../../../src/coupon/claim/issue-token.ts";
import { givenTogether } from "../../../src/coupon/issue/given-together.ts";
import { type IssueInput, issueCoupon } from "../../../src/coupon/issue/issue-one.ts";
import type { Coupon } from "../../../src/coupon/table.ts";
import { endOfDay } from "../../../src/coupon/template/day-end.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import type { Database } from "../../../src/db/client.ts";
import { isRefusal, type Refusal } from "../../../src/errors.ts";
import { eraseMember } from "../../../src/member/privacy.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate, pathsOf } from "../../support/coupons.ts";
import { interferedEverywhere } from "../../support/interfering.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { filledPool } from "../../support/pools.ts";
import { accepted } from "../../support/shop.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(20, { level: "i" });
});
afterAll(closeLedgers);

const service = { kind: "service", id: 1, name: "backend", scopes: ["orders:write"] } as const;
const operator = { kind: "operator", id: 3, operator: 3, shop: "", name: "Ed", role: "editor" } as const;
const system = { issueMode: "SYSTEM" } as const;
const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "GIVEN");
/** To the member 1 by the shop's backend, unless said otherwise. */
const issue = (asked: Omit<IssueInput, "member"> & { member?: number }, actor: Actor = service) =>
  issueCoupon({ ...shop.ctx, actor }, { ...asked, member: { seq: asked.member ?? 1 } });
const all = async (answer: Coupon | Refusal) => givenTogether(shop.ctx, accepted(answer) as Coupon);
const count = async (template: number) =>
  (await shop.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon WHERE template = ${template}`))?.n;

test("several under one key are all given, with codes and numbers of their own, and the same again", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, perMember: 5, codeMode: "ON_CLAIM", stock: 9 });
  const asked = { template, idempotencyKey: "three", quantity: 3, source: " order/2026-1 " };
  const first = accepted(await issue(asked));
  const three = await all(first);
  expect(three.map(({ number, source }) => [number, source])).toEqual([1, 2, 3].map((n) => [n, "order/2026-1"]));
  expect(new Set(three.map(({ code }) => code)).size).toBe(3);
  expect(three[0]).toEqual(first);
  for (const each of three) expect(await givenTogether(shop.ctx, each)).toEqual(three);
  expect(await Promise.all([issue(asked), issue({ ...asked, source: undefined })])).toEqual([first, first]);
  const others = [{ quantity: 2 }, { quantity: undefined }, { source: "order/2026-2" }, { validity: { hours: 1 } }];
  for (const other of [...others, { member: 2 }]) {
    expect([other, codeOf(await issue({ ...asked, ...other }))]).toEqual([other, "CONFLICT"]);
  }
  expect(await findTemplate(shop.ctx, template)).toMatchObject({ issued: 3, claimed: 0 });
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("all or none: what stock, budget, limit or pool do not allow together is refused as a whole", async () => {
  const short = [
    [{ stock: 3, perMember: 9 }, "SOLD_OUT"],
    [{ budget: 3_999, maxDiscount: 1_000, perMember: 9 }, "SOLD_OUT"],
    [{ codeMode: "POOL", perMember: 9, stock: 0 }, "SOLD_OUT"],
    [{ perMember: 3 }, "LIMIT_REACHED"],
  ] as const;
  for (const [n, [facts, code]] of short.entries()) {
    const { id: template } = await addTemplate(shop.ctx, { ...system, ...facts });
    if ("codeMode" in facts) await filledPool(shop.ctx, template, 3);
    expect([facts, codeOf(await issue({ template, idempotencyKey: `four${n}`, quantity: 4 }))]).toEqual([facts, code]);
    expect(await count(template)).toBe(0);
    const three = await all(await issue({ template, idempotencyKey: `four${n}`, quantity: 3 }));
    expect(three).toHaveLength(3);
    if ("codeMode" in facts) expect(three.every(({ code }) => code !== null)).toBe(true);
  }
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("I2 raced for one stock, by one key and by many: the stock, the limit, and no half of a gift", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, stock: 20, perMember: 4 });
  const raced = Array.from({ length: 12 }, (_, n) => ({ template, member: 1 + (n % 6), idempotencyKey: `r${n}` }));
  const answers = await Promise.all(
    [...raced, ...raced].flatMap((asked, n) => [issue({ ...asked, quantity: 3 }), n % 4 === 0 ? issue(asked) : []]),
  );
  expect(answers.flat().length).toBe(30);
  const held = await shop.ctx.db.all<{ member: number; n: number }>(
    sql`SELECT member, count(*) AS n FROM coupon WHERE template = ${template} GROUP BY member`,
  );
  expect(Math.max(...held.map(({ n }) => n))).toBeLessThanOrEqual(4);
  const gifts = await shop.ctx.db.all<{ n: number; asked: string | null }>(sql`
    SELECT count(*) AS n, asked FROM coupon WHERE template = ${template} GROUP BY substr(token, 1, 23)`);
  for (const { n, asked } of gifts) expect(n).toBe(asked === null ? 1 : 3);
  const issued = held.reduce((sum, { n }) => sum + n, 0);
  expect(await findTemplate(shop.ctx, template)).toMatchObject({ issued });
  expect(issued).toBeGreaterThan(17);
  expect(issued).toBeLessThanOrEqual(20);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("I6 whether the answer was lost or nothing was written, the key gives three, once", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, perMember: 9, codeMode: "ON_CLAIM" });
  const { db } = shop.ctx;
  for (const [member, isWritten] of [
    [1, true],
    [2, false],
  ] as const) {
    const write: Database["write"] = async (queries) => {
      if (isWritten) await db.write(queries);
      throw new Error("the connection is gone");
    };
    const broken = new Proxy(db, { get: (of, name: keyof Database) => (name === "write" ? write : of[name]) });
    const asked = { template, member: { seq: member }, idempotencyKey: "lost", quantity: 3 };
    const actor = { ...service, id: member };
    await expect(issueCoupon({ ...shop.ctx, actor, db: broken }, asked)).rejects.toThrow("gone");
    expect(await all(await issueCoupon({ ...shop.ctx, actor }, asked))).toHaveLength(3);
    expect(await count(template)).toBe(3 * member);
  }
});

test("what is given for a while of its own is good for it, by the shop's clock where it ends with a day", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, perMember: 9, validHours: 24 });
  const now = shop.ctx.clock();
  const given = async (idempotencyKey: string, validity?: IssueInput["validity"]) => {
    const { at, validFrom, validTo } = accepted(await issue({ template, idempotencyKey, validity }));
    return { at, validFrom, validTo };
  };
  const day = 86_400_000;
  const zone = shop.ctx.settings.shopTimeZone;
  for (const [key, validity] of [
    ["days", { days: 2 }],
    ["hours", { hours: 5 }],
    ["usual", undefined],
  ] as const) {
    const { at, validFrom, validTo } = await given(key, validity);
    const ends = { days: endOfDay(at, 2, zone), hours: at + 5 * 3_600_000, usual: at + day };
    expect([key, validFrom, validTo]).toEqual([key, at, ends[key]]);
  }
  const window = { window: { from: now + day, to: now + 2 * day } };
  expect(await given("window", window)).toMatchObject({ validFrom: now + day, validTo: now + 2 * day });
  expect(await given("always", { window: { from: null, to: null } })).toMatchObject({ validTo: null });
  shop.pass(3 * day);
  expect(await given("window", window)).toMatchObject({ validTo: now + 2 * day });
  const again = { template, idempotencyKey: "late", validity: window };
  expect(pathsOf(await issue(again))).toEqual(["validity.window.to"]);
  const never = { window: { from: now + 9 * day, to: now + 8 * day } };
  expect(pathsOf(await issue({ ...again, validity: never }))).toEqual(["validity.window.to"]);
});

test("what is said of a gift is checked, each fault with its place; an operator is named as who gave it", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, perMember: 2 });
  const faulty = [
    ["quantity", { quantity: 0 }],
    ["quantity", { quantity: 101 }],
    ["validity", { validity: { days: 1, hours: 1 } as never }],
    ["source", { source: "because" }],
    ["source", { source: "order/ " }],
    ["source", { source: "run/7" }],
    ["source", { source: `order/${"9".repeat(300)}` }],
    ["idempotencyKey", { idempotencyKey: "" }],
  ] as const;
  for (const [path, more] of faulty) {
    expect([more, pathsOf(await issue({ template, idempotencyKey: "f", ...more }))]).toEqual([more, [path]]);
  }
  expect(await issue({ template, idempotencyKey: "own" }, operator)).toMatchObject({ source: "person/Ed" });
  const told = { template, idempotencyKey: "told", source: "trigger/birthday" };
  expect(await issue(told, operator)).toMatchObject({ source: "trigger/birthday" });
});

test("a key gives the same to a person who is called otherwise by then, and anew in another shop", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system, perMember: 9 });
  const first = accepted(await issue({ template, idempotencyKey: "mine" }, operator));
  const renamed = { ...operator, name: "Eduard" };
  expect(accepted(await issue({ template, idempotencyKey: "mine" }, renamed))).toMatchObject({ id: first.id });
  const { id: theirs } = await addTemplate(shop.ctx, { ...system, shop: "berlin" });
  const moved = { ...renamed, shop: "berlin" };
  expect(accepted(await issue({ template: theirs, idempotencyKey: "mine" }, moved)).template).toBe(theirs);
});

test("a key that gave a coupon before names could change gives the same again", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system });
  const token = issueTokenByName({ actor: operator }, "earlier");
  await shop.ctx.db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, token, at, valid_from)
      VALUES (1, ${template}, 1, 'ISSUE', ${token}, 0, 0)`,
  ]);
  expect(await issue({ template, idempotencyKey: "earlier" }, operator)).toMatchObject({ source: "ISSUE", token });
});

test("a key that gave a coupon before sources were readable gives the same again", async () => {
  const { id: template } = await addTemplate(shop.ctx, { ...system });
  const token = issueToken({ actor: operator }, "old");
  await shop.ctx.db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, token, at, valid_from)
      VALUES (1, ${template}, 1, 'ISSUE', ${token}, 0, 0)`,
  ]);
  expect(await issue({ template, idempotencyKey: "old" }, operator)).toMatchObject({ source: "ISSUE", token });
  const member = { ...shop.ctx, actor: { kind: "member", seq: 1, id: "m1" } } as const;
  expect(await claimCoupon(member, { template, idempotencyKey: "old" })).toMatchObject({ code: "NOT_FOUND" });
});

test("a member who is erased while she is issued one is no member any more, whenever it happens", async () => {
  await interferedEverywhere(async (between) => {
    const { ctx, members } = await openLedger();
    await members(1);
    const { id: template } = await addTemplate(ctx, system);
    const disturbed = between.with({ ...ctx, actor: service }, () => eraseMember(ctx, { seq: 1 }));
    const answer = await issueCoupon(disturbed, { template, member: { seq: 1 }, idempotencyKey: "gift" });
    expect(codeOf(answer)).toBe(between.came() ? "NOT_FOUND" : "GIVEN");
  });
});
