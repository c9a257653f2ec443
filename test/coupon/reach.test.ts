import { afterAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { createCodePool, findPool, listPools, poolsById } from "../../src/coupon/code/pool.ts";
import { cancelCodePool, pauseCodePool, resumeCodePool } from "../../src/coupon/code/pool-control.ts";
import { exportCodes } from "../../src/coupon/code/pool-export.ts";
import { uploadCodes } from "../../src/coupon/code/pool-upload.ts";
import { couponsById } from "../../src/coupon/coupon.ts";
import { couponConservation } from "../../src/coupon/gate/conservation.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { couponByCode } from "../../src/coupon/list/coupon-by-code.ts";
import { countCouponsOfMember, couponsOfMember } from "../../src/coupon/list/member-coupons.ts";
import { couponsOfTemplate } from "../../src/coupon/list/template-coupons.ts";
import { approveTemplate } from "../../src/coupon/template/approval.ts";
import { createTemplate, duplicateTemplate, updateTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate, endTemplate, withdrawTemplate } from "../../src/coupon/template/lifecycle.ts";
import { estimateTemplate, simulateTemplate } from "../../src/coupon/template/simulation.ts";
import { couponStatistics } from "../../src/coupon/template/statistics.ts";
import { changeBudget, changeStock } from "../../src/coupon/template/stock-and-budget.ts";
import { countTemplates, listOccurrences, listTemplates, templatesById } from "../../src/coupon/template/template.ts";
import { templateToClaim } from "../../src/coupon/template/template-to-claim.ts";
import { withdrawUnused } from "../../src/coupon/use/withdraw.ts";
import { templatesToShow } from "../../src/coupon/wallet/template-cache.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { usualTemplate } from "../support/coupons.ts";
import { couponsAbove } from "../support/persons.ts";
import { accepted } from "../support/shop.ts";
import { type Belongings, heard, nothing, openCompany } from "../support/shops.ts";

const company = await openCompany();
afterAll(() => company.db.close());
const { own, of, ctx } = company;

const page = { limit: 50 };
const file = () => ({ name: "codes.csv", content: new Blob(["GUESSED-1234567\n"]) as never });
let key = 0;

/** Everything that an operator may ask or do by the ids of templates, pools, coupons and codes. */
const asked: Readonly<Record<string, (ctx: Context, ids: Belongings) => Promise<unknown>>> = {
  "templates by id": (kim, { template, draft }) => templatesById(kim, [template, draft]),
  statistics: (kim, { template }) => couponStatistics(kim, template),
  conservation: (kim, { template }) => couponConservation(kim, template),
  simulation: (kim, { draft }) => simulateTemplate(kim, draft),
  occurrences: (kim, { template }) => listOccurrences(kim, { recurringTemplate: template, ...page }),
  update: (kim, { template }) => updateTemplate(kim, { id: template, draft: { name: "Mine" } }),
  "update with a fault": (kim, { template }) => updateTemplate(kim, { id: template, draft: { perMember: 0 } }),
  duplicate: (kim, { template }) => duplicateTemplate(kim, { id: template }),
  "duplicate for another": (kim, { template }) => duplicateTemplate(kim, { id: template, shop: "b" }),
  activate: (kim, { draft }) => activateTemplate(kim, { id: draft }),
  "activate again": (kim, { template }) => activateTemplate(kim, { id: template, idempotencyKey: `k${++key}` }),
  end: (kim, { template }) => endTemplate(kim, { id: template }),
  withdraw: (kim, { template }) => withdrawTemplate(kim, { id: template, takeBack: true }),
  approve: (kim, { draft }) => approveTemplate(kim, { id: draft, version: "0" }),
  stock: (kim, { template }) => changeStock(kim, { id: template, stock: 9 }),
  budget: (kim, { template }) => changeBudget(kim, { id: template, budget: 1 }),
  "make codes": (kim, { pooled }) => createCodePool(kim, { template: pooled, wanted: 2, idempotencyKey: `k${++key}` }),
  "make codes of none": (kim, { template }) =>
    createCodePool(kim, { template, wanted: 2, idempotencyKey: `k${++key}` }),
  upload: (kim, { pooled }) => uploadCodes(kim, pooled, file()),
  "pools by id": (kim, { pool }) => poolsById(kim, [pool]),
  "a pool": (kim, { pool }) => findPool(kim, pool),
  "pools of a template": (kim, { pooled }) => listPools(kim, { template: pooled, ...page }),
  pause: (kim, { pool }) => pauseCodePool(kim, { id: pool }),
  resume: (kim, { pool }) => resumeCodePool(kim, { id: pool }),
  cancel: (kim, { pool }) => cancelCodePool(kim, { id: pool }),
  export: (kim, { pool }) => exportCodes(kim, pool),
  "coupons by id": (kim, { coupon }) => couponsById(kim, [coupon]),
  "a coupon by its code": (kim, { code }) => couponByCode(kim, code),
  "a member's of a template": (kim, { template }) =>
    couponsOfMember(kim, { member: 2, template, order: "NEWEST", ...page }),
  "a member's after a coupon": (kim, { coupon }) =>
    couponsOfMember(kim, { member: 2, order: "ENDING", after: coupon, ...page }),
  "how many": (kim, { template }) => countCouponsOfMember(kim, { member: 2, template }),
  "a template's after a coupon": (kim, { coupon }) =>
    couponsOfTemplate(kim, { template: own.a.template, state: "AVAILABLE", after: coupon, ...page }),
  issue: (kim, { template }) => issueCoupon(kim, { template, member: { seq: 4 }, idempotencyKey: "gift" }),
  "issue of another way": (kim, { pooled }) =>
    issueCoupon(kim, { template: pooled, member: { seq: 4 }, idempotencyKey: "g" }),
  "withdraw a coupon": (kim, { coupon }) => withdrawUnused(kim, { coupon, reason: "r" }),
  "templates after one by name": (kim, { template }) => listTemplates(kim, { order: "NAME", after: template, ...page }),
};

describe("whoever works for a shop hears of another's and the company's what is said of what was never made", () => {
  test.each(Object.entries(asked))("%s", async (_, ask) => {
    const before = await company.rows();
    const never = await heard(ask(of("a"), nothing), nothing);
    expect(await heard(ask(of("a"), own.b), own.b)).toBe(never);
    expect(await heard(ask(of("a"), own[""]), own[""])).toBe(never);
    expect(await company.rows()).toEqual(before);
  });
});

test("lists, counts and searches are of the shop alone; who works for all sees all, or one shop's", async () => {
  const ids = async (kim: Context, more: { shop?: string; search?: string } = {}) =>
    (await listTemplates(kim, { ...more, order: "OLDEST", ...page })).map(({ id }) => id);
  const all = (["", "a", "b"] as const).map((shop) => [own[shop].template, own[shop].draft, own[shop].pooled]);
  expect(await ids(of("a"))).toEqual(all[1]!);
  expect(await ids(of("a"), { search: "ten" })).toEqual(all[1]!);
  expect([await ids(of("a"), { shop: "b" }), await ids(of("a"), { shop: "" })]).toEqual([[], []]);
  expect(await ids(of(""))).toEqual(all.flat());
  expect([await ids(of(""), { shop: "b" }), await ids(of(""), { shop: "" })]).toEqual([all[2]!, all[0]!]);
  expect(await Promise.all([countTemplates(of("a"), {}), countTemplates(of(""), {})])).toEqual([3, 9]);
  expect(await ids(of("c"))).toEqual([]);
  const pools = async (kim: Context, shop?: string) => (await listPools(kim, { shop, ...page })).map(({ id }) => id);
  expect([await pools(of("a")), await pools(of("a"), "b"), await pools(of(""), "b")]).toEqual([
    [own.a.pool],
    [],
    [own.b.pool],
  ]);
});

test("what a member holds is told as far as it is the shop's", async () => {
  const held = async (kim: Context) =>
    (await couponsOfMember(kim, { member: 2, order: "ENDING", ...page })).map(({ id }) => id);
  expect(await held(of("a"))).toEqual([own.a.coupon]);
  expect(await held(of(""))).toEqual([own[""].coupon, own.a.coupon, own.b.coupon]);
  expect(await countCouponsOfMember(of("a"), { member: 2 })).toBe(1);
  expect((await couponByCode(of("a"), own.a.code))?.id).toBe(own.a.coupon);
});

test("a code that reads like another shop's hides none of the shop's own", async () => {
  const spelled = ["LO-7ZP4Q1M9XK2VB3", "L0-7ZP4Q1M9XK2VB3"];
  await company.db.write([
    sql`UPDATE coupon SET code = ${spelled[0]} WHERE template = ${own.b.template} AND member = 3`,
    sql`UPDATE coupon SET code = ${spelled[1]} WHERE template = ${own.a.template} AND member = 3`,
  ]);
  for (const shop of ["a", "b"] as const) {
    for (const typed of spelled) expect((await couponByCode(of(shop), typed))?.template).toBe(own[shop].template);
  }
});

test("what everybody is told from memory knows no bounds, whoever asks first", async () => {
  expect(await templateToClaim(of("a"), own.b.template)).toMatchObject({ id: own.b.template });
  expect(await templatesToShow(of("a"), [own.b.draft])).toMatchObject([{ id: own.b.draft }]);
});

test("something new is of its maker's shop; who works for all of them says which, and no edit changes it", async () => {
  const make = (kim: Context, shop?: string) =>
    createTemplate(kim, { draft: { ...usualTemplate, ...(shop !== undefined && { shop }) } });
  const refusedAs = { code: "INVALID_INPUT", issues: [{ path: "shop", message: 'you work for the shop "a" alone' }] };
  expect(accepted(await make(of("a"))).shop).toBe("a");
  expect(accepted(await make(of("a"), " a ")).shop).toBe("a");
  for (const shop of ["b", "", "nowhere"]) {
    expect(await make(of("a"), shop)).toMatchObject(refusedAs);
    expect(await estimateTemplate(of("a"), { ...usualTemplate, shop })).toMatchObject(refusedAs);
    expect(await duplicateTemplate(of("a"), { id: own.a.draft, shop })).toMatchObject(refusedAs);
  }
  expect(accepted(await make(of(""))).shop).toBe("");
  const { id, shop } = accepted(await make(of(""), "b"));
  expect(shop).toBe("b");
  const renamed = { name: "New", shop: "a" };
  expect(accepted(await updateTemplate(of(""), { id, draft: renamed }))).toMatchObject({ name: "New", shop: "b" });
  expect(accepted(await duplicateTemplate(of(""), { id })).shop).toBe("b");
  const copied = async (from: number, to: string) => {
    const copy = accepted(await duplicateTemplate(of(""), { id: from, shop: to }));
    expect(copy.shop).toBe(to);
    return (await historyOf(of(to), subjectOf("coupon-template", copy.id)))[0]?.what;
  };
  expect(await copied(id, "a")).toBe("copied from a coupon template of others");
  expect(await copied(own[""].draft, "a")).toBe("copied from a coupon template of others");
  for (const to of ["b", ""]) expect(await copied(id, to)).toBe(`copied from coupon template ${id}`);
  expect(accepted(await duplicateTemplate(of("a"), { id: own.a.draft })).shop).toBe("a");
});

test("four eyes are of the shop or of none: another's approver finds nothing", async () => {
  const above = (kim: Context) => couponsAbove(kim, 10, null);
  const author = { ...of("a"), actor: { ...of("a").actor, operator: 1, name: "Ann" } } as Context;
  const drafts = [1, 2].map(() => createTemplate(author, { draft: { ...usualTemplate, stock: 11 } }));
  const [one, other] = (await Promise.all(drafts)).map((each) => accepted(each).id);
  const activate = (id = 0) => activateTemplate(above(author), { id });
  expect(await activate(one)).toMatchObject({ code: "NEEDS_APPROVAL" });
  const approve = (kim: Context, id = 0) => approveTemplate(above(kim), { id, version: "1" });
  expect(await approve(of("b"), one)).toMatchObject({ code: "NOT_FOUND" });
  expect(await activate(one)).toMatchObject({ code: "NEEDS_APPROVAL" });
  accepted(await approve(of("a"), one));
  accepted(await approve(of(""), other));
  expect([accepted(await activate(one)).state, accepted(await activate(other)).state]).toEqual(["ACTIVE", "ACTIVE"]);
});

test("a shop promises rewards of its own alone, whoever writes that down; the company promises anything", async () => {
  const reward = ctx.rewards.of("COUPON");
  const issues = (kim: Context, template: number, shop?: string) =>
    reward?.issues(kim, { template }, { currency: "EUR", until: null, isMade: true, shop });
  expect(await issues(of(""), own.a.template, "a")).toEqual([]);
  expect(await issues(of(""), own.b.template)).toEqual([]);
  const absent = (id: number) => [{ path: "template", message: `there is no coupon template ${id}` }];
  for (const { template } of [own.b, own[""], nothing]) {
    expect(await issues(of(""), template, "a")).toEqual(absent(template));
    expect(await issues(of("a"), template, "a")).toEqual(absent(template));
  }
});

test("one key of operators of two shops, and of two tokens, gives each their own", async () => {
  const give = async (shop: "a" | "b") => {
    const asked = { template: own[shop].template, member: { seq: 7 }, idempotencyKey: "the same" };
    return accepted(await issueCoupon(of(shop), asked));
  };
  const [first, second] = [await give("a"), await give("b")];
  expect([first.template, second.template]).toEqual([own.a.template, own.b.template]);
  expect([await give("a"), await give("b")]).toEqual([first, second]);
  const pool = async (shop: "a" | "b") =>
    accepted(await createCodePool(of(shop), { template: own[shop].pooled, wanted: 1, idempotencyKey: "the same" }));
  expect([(await pool("a")).template, (await pool("b")).template]).toEqual([own.a.pooled, own.b.pooled]);
});

test("an operator of a shop gives and takes back what is the shop's", async () => {
  const given = accepted(
    await issueCoupon(of("a"), { template: own.a.template, member: { seq: 4 }, idempotencyKey: "gift" }),
  );
  expect(given.template).toBe(own.a.template);
  expect(await withdrawUnused(of("b"), { coupon: given.id, reason: "r" })).toMatchObject({ code: "NOT_FOUND" });
  expect(accepted(await withdrawUnused(of("a"), { coupon: given.id, reason: "r" })).state).toBe("WITHDRAWN");
});
