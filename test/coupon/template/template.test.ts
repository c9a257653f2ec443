import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { dropsBetween } from "../../../src/coupon/reminder/due.ts";
import { remindMe } from "../../../src/coupon/reminder/reminder.ts";
import type { CouponTemplate, TemplateState } from "../../../src/coupon/table.ts";
import type { TemplateDraft } from "../../../src/coupon/template/draft.ts";
import { createTemplate, duplicateTemplate, updateTemplate } from "../../../src/coupon/template/edit.ts";
import { activateTemplate, endTemplate, withdrawTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { takeBackOf } from "../../../src/coupon/template/take-back.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { claimableCoupons } from "../../../src/coupon/wallet/claimable.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { addTemplate, pathsOf, templateDesk, usualTemplate } from "../../support/coupons.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: { REDIS_URL: "" } });
  await shop.members(60, { level: "i" });
});
afterAll(closeShops);

const hour = 3_600_000;
const { made, live, claim } = templateDesk(() => shop.ctx);
const codeOf = (answer: object) => (isRefusal(answer) ? answer.code : "CLAIMED");
const stateOf = async (id: number) => (await findTemplate(shop.ctx, id))?.state;

test("a draft is kept as it was said, with what it left out", async () => {
  const { id, ...kept } = await made({ conditions: { goods: { include: ["a"] } }, stock: 5, validity: { days: 7 } });
  expect(kept).toMatchObject({
    ...usualTemplate,
    state: "DRAFT",
    maxDiscount: 1_000,
    stock: 5,
    validDays: 7,
    issueMode: "SELF_CLAIM",
    conditions: { goods: { include: ["a"], exclude: [] }, minimum: 0 },
    stacking: { exclusive: true },
    eligibility: null,
    createdBy: "job app",
  });
  expect(accepted(await duplicateTemplate(shop.ctx, { id, name: "Again" }))).toMatchObject({
    ...kept,
    name: "Again",
    createdAt: expect.any(Number),
    updatedAt: expect.any(Number),
  });
});

const faulty: [path: string, draft: Partial<TemplateDraft>][] = [
  ["name", { name: " " }],
  ["kind", { kind: "GIFT" }],
  ["params.off", { params: { off: 0 } }],
  ["params.off", { kind: "FULL_REDUCTION", params: { spend: 10, off: 20 } }],
  ["currency", { currency: "euro" }],
  ["conditions.minimum", { conditions: { minimum: -1 } }],
  ["stacking", { stacking: {} }],
  ["codePrefix", { codePrefix: "small" }],
  ["codeMode", { issueMode: "CODE" }],
  ["eligibility.and.0.nobody", { eligibility: { and: [{ nobody: 1 }] } }],
  ["perMember", { perMember: 0 }],
  ["stock", { stock: 0 }],
  ["budget", { budget: 999 }],
  ["budget", { kind: "DISCOUNT", params: { basisPointsOff: 500 }, budget: 10_000 }],
  ["validity", { validity: { days: 3, hours: 4 } }],
  ["validity", { validity: {} }],
  ["validity.days", { validity: { days: -1 } }],
  ["validity.hours", { validity: { hours: 0 } }],
  ["activeUrl", { activeUrl: "javascript:alert(1)" }],
  ["recurrence.cron", { recurrence: { cron: "0 0 0 * * *", zone: "UTC", minutes: 5 } }],
  ["recurrence.cron", { recurrence: { cron: "0 0 30 2 *", zone: "UTC", minutes: 5 } }],
  ["recurrence.cron", { recurrence: { cron: "61 * * * *", zone: "UTC", minutes: 5 } }],
  ["recurrence.zone", { recurrence: { cron: "0 10 * * *", zone: "Nowhere", minutes: 5 } }],
  ["recurrence.minutes", { recurrence: { cron: "0 * * * *", zone: "UTC", minutes: 61 } }],
  ["recurrence", { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 5 }, issueMode: "SYSTEM" }],
];
for (const [path, draft] of faulty) {
  test(`a draft with ${JSON.stringify(draft)} is refused with its place, ${path}`, async () => {
    expect(pathsOf(await createTemplate(shop.ctx, { draft: { ...usualTemplate, ...draft } }))).toEqual([path]);
  });
}

test("I6 with the same key, creating and activating answer the same again; with other input: conflict", async () => {
  const create = (name: string) =>
    createTemplate(shop.ctx, { draft: { ...usualTemplate, name }, idempotencyKey: "create once" });
  const first = accepted(await create("Once"));
  expect(await create("Once")).toEqual(first);
  expect(await create("Twice")).toMatchObject({ code: "CONFLICT" });
  const activate = () => activateTemplate(shop.ctx, { id: first.id, idempotencyKey: "activate once" });
  expect(accepted(await activate())).toMatchObject({ state: "ACTIVE" });
  expect(await activate()).toMatchObject({ state: "ACTIVE", id: first.id });
  expect(await activateTemplate(shop.ctx, { id: first.id })).toMatchObject({
    code: "WRONG_STATE",
    currentState: "ACTIVE",
  });
});

test("codes begin with the name until their writer says how; a copy of another name begins with that", async () => {
  const prefixOf = (answer: object) => (answer as CouponTemplate).codePrefix;
  const edit = async (id: number, draft: Partial<TemplateDraft>) =>
    prefixOf(accepted(await updateTemplate(shop.ctx, { id, draft })));
  const { id, codePrefix } = await made({ codeMode: "ON_CLAIM", name: "Spring sale" });
  expect(codePrefix).toBe("SPRING");
  expect(await edit(id, { name: "夏日满减" })).toBe(`T${id}`);
  expect(await edit(id, { perMember: 2 })).toBe(`T${id}`);
  expect(prefixOf(accepted(await duplicateTemplate(shop.ctx, { id, name: "Autumn" })))).toBe("AUTUMN");
  expect(await edit(id, { codePrefix: "MINE" })).toBe("MINE");
  expect(await edit(id, { name: "Winter" })).toBe("MINE");
  expect(prefixOf(accepted(await duplicateTemplate(shop.ctx, { id })))).toBe("MINE");
  expect(await edit(id, { codePrefix: "" })).toBe("WINTER");
  expect(prefixOf(accepted(await activateTemplate(shop.ctx, { id })))).toBe("WINTER");
  expect(await edit(id, { name: "Late winter" })).toBe("WINTER");
  expect(prefixOf(await made({ name: "No codes" }))).toBe("");
  const old = await addTemplate(shop.ctx, { codeMode: "ON_CLAIM" });
  expect(await edit(old.id, { name: "Of earlier times" })).toBe("");
});

test("a window in which nothing can be claimed or used is refused: written, edited and activated", async () => {
  const now = shop.ctx.clock();
  const validFor = (from: number | null, to: number | null) => ({ validity: { window: { from, to } } });
  const dead: [path: string, draft: Partial<TemplateDraft>][] = [
    ["closesAt", { closesAt: now - 1 }],
    ["closesAt", { opensAt: now + hour, closesAt: now + hour }],
    ["validity.window.to", validFor(null, now - 1)],
    ["validity.window.to", validFor(now + hour, now + hour)],
    ["validity.window.to", { opensAt: now + hour, ...validFor(null, now + hour) }],
    ["validity.window.to", { opensAt: now + 2 * hour, closesAt: now + 3 * hour, ...validFor(now, now + hour) }],
    ["recurrence.cron", { recurrence: { cron: "0 10 1 1 *", zone: "UTC", minutes: 5 }, ...validFor(null, now + hour) }],
  ];
  const { id } = await made();
  const columns = { validFrom: null, validTo: null, opensAt: null, closesAt: null, recurrence: null };
  for (const [path, draft] of dead) {
    expect(pathsOf(await createTemplate(shop.ctx, { draft: { ...usualTemplate, ...draft } }))).toEqual([path]);
    expect(pathsOf(await updateTemplate(shop.ctx, { id, draft }))).toEqual([path]);
    const { validity, ...said } = draft;
    const { from, to } = (validity as { window?: { from: number | null; to: number | null } })?.window ?? {};
    const row = { ...columns, ...said, validFrom: from ?? null, validTo: to ?? null };
    const old = await addTemplate(shop.ctx, { state: "DRAFT", ...row } as object);
    expect(pathsOf(await activateTemplate(shop.ctx, { id: old.id }))).toEqual([path]);
    expect(await stateOf(old.id)).toBe("DRAFT");
    expect(await historyOf(shop.ctx, subjectOf("coupon-template", old.id))).toEqual([]);
  }
  const open = { opensAt: now - hour, closesAt: now + hour, ...validFor(now + 2 * hour, now + 3 * hour) };
  expect(await live(open)).toMatchObject({ state: "ACTIVE" });
});

test("coupons can be had until they would have expired, however late their template closes", async () => {
  const now = shop.ctx.clock();
  const { id } = await live({ closesAt: now + 2 * hour, validity: { window: { from: null, to: now + hour } } });
  accepted(await updateTemplate(shop.ctx, { id, draft: { closesAt: now + 9 * hour } }));
  expect(codeOf(await claim(1, id))).toBe("CLAIMED");
  const late = { ...shop.ctx, clock: () => now + hour, actor: { kind: "member", seq: 2, id: "m2" } } as const;
  expect(codeOf(await claimCoupon(late, { template: id, idempotencyKey: "late" }))).toBe("ENDED");
  // Whoever gets past all that is told so by the database.
  await shop.ctx.db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, at, valid_from)
      VALUES (3, ${id}, 1, 'CLAIM', ${now + hour}, 0)`,
  ]);
  expect(await findTemplate(shop.ctx, id)).toMatchObject({ issued: 1 });
});

test("what was written before it was refused is over for members, and can be begun anew", async () => {
  const now = shop.ctx.clock();
  const { id } = await addTemplate(shop.ctx, { opensAt: now + 2 * hour, validTo: now + hour });
  expect(codeOf(await claim(1, id))).toBe("ENDED");
  const member = { ...shop.ctx, actor: { kind: "member", seq: 1, id: "m1" } } as const;
  expect(await remindMe(member, { template: id })).toMatchObject({ code: "ENDED" });
  const listed = (await claimableCoupons(member, { limit: 200 })).coupons.map(({ template }) => template.id);
  expect(listed).not.toContain(id);
  await shop.ctx.db.write([sql`INSERT INTO coupon_reminder (template, member, at) VALUES (${id}, 1, ${now})`]);
  expect(await dropsBetween(shop.ctx, now, now + 3 * hour)).not.toContain(id);
  accepted(await updateTemplate(shop.ctx, { id, draft: { name: "Renamed" } }));
  expect(pathsOf(await updateTemplate(shop.ctx, { id, draft: { closesAt: now + 9 * hour } }))).toEqual([
    "validity.window.to",
  ]);
  const copy = accepted(await duplicateTemplate(shop.ctx, { id }));
  expect(pathsOf(await activateTemplate(shop.ctx, { id: copy.id }))).toEqual(["validity.window.to"]);
  accepted(await updateTemplate(shop.ctx, { id: copy.id, draft: { opensAt: null } }));
  expect(accepted(await activateTemplate(shop.ctx, { id: copy.id }))).toMatchObject({ state: "ACTIVE" });
});

test("a draft can become anything; a live template only what was not promised; refusals name the fields", async () => {
  const now = shop.ctx.clock();
  const { id } = await made();
  const rewrite = (draft: Partial<TemplateDraft>) => updateTemplate(shop.ctx, { id, draft });
  const percent = { kind: "DISCOUNT", params: { basisPointsOff: 500, cap: 700 } };
  expect(await rewrite({ ...percent, closesAt: now + hour, opensAt: now, perMember: 2 })).toMatchObject({
    ...percent,
    maxDiscount: 700,
  });
  expect(pathsOf(await rewrite({ perMember: 0 }))).toEqual(["perMember"]);
  accepted(await activateTemplate(shop.ctx, { id }));
  const promised: Partial<TemplateDraft>[] = [
    { kind: "INSTANT", params: { off: 5 } },
    { params: { basisPointsOff: 501, cap: 700 } },
    { currency: "USD" },
    { conditions: { minimum: 5 } },
    { stacking: { group: "a" } },
    { validity: { days: 1 } },
    { stock: 5, budget: 10_000 },
    { issueMode: "SYSTEM", codeMode: "ON_CLAIM", codePrefix: "X" },
    { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 5 }, closesAt: null },
    { perMember: 1, opensAt: now + 1, closesAt: now + hour - 1 },
  ];
  for (const draft of promised) {
    const named = Object.keys(draft).filter((field) => field !== "closesAt" || draft.closesAt !== null);
    const refused = pathsOf(await rewrite({ ...draft, name: "New" }));
    expect(new Set(refused as string[])).toEqual(new Set(named));
  }
  expect(await stateOf(id)).toBe("ACTIVE");
  const free = {
    name: "New",
    eligibility: { level: { gte: 2 } },
    perMember: 3,
    opensAt: now - 1,
    closesAt: null,
  };
  expect(await rewrite(free)).toMatchObject({ ...free, ...percent });
  expect(codeOf(await claim(1, id))).toBe("NOT_ELIGIBLE");
  accepted(await endTemplate(shop.ctx, { id }));
  expect(await rewrite({ name: "Late" })).toMatchObject({ code: "WRONG_STATE", currentState: "ENDED" });
  expect(await updateTemplate(shop.ctx, { id: 999_999, draft: {} })).toMatchObject({ code: "NOT_FOUND" });
});

test("withdrawn with its unused coupons, what was reserved is free and used ones stay; without, all stay", async () => {
  const { id } = await live({ budget: 100_000, perMember: 2 });
  for (let seq = 1; seq <= 5; seq++) expect(codeOf(await claim(seq, id))).toBe("CLAIMED");
  await shop.ctx.db.write([sql`UPDATE coupon SET state = 'USED' WHERE template = ${id} AND member = 3`]);
  const other = await live();
  await claim(1, other.id);
  accepted(await withdrawTemplate(shop.ctx, { id, takeBack: true, reason: "a mistake" }));
  accepted(await withdrawTemplate(shop.ctx, { id: other.id }));
  await until(async () => (await takeBackOf(shop.ctx, id))?.endedAt);
  expect(await takeBackOf(shop.ctx, id)).toMatchObject({ taken: 4 });
  expect(await takeBackOf(shop.ctx, other.id)).toBeNull();
  const rows = await shop.ctx.db.all<object>(sql`
    SELECT template, state, held_budget, count(*) AS n FROM coupon WHERE template IN (${id}, ${other.id})
    GROUP BY 1, 2, 3 ORDER BY 1, 2`);
  expect(rows).toEqual([
    { template: id, state: "USED", held_budget: 1_000, n: 1 },
    { template: id, state: "WITHDRAWN", held_budget: 0, n: 4 },
    { template: other.id, state: "AVAILABLE", held_budget: 0, n: 1 },
  ]);
  expect(await findTemplate(shop.ctx, id)).toMatchObject({ state: "WITHDRAWN", reserved: 1_000, issued: 5 });
  expect(codeOf(await claim(9, id))).toBe("ENDED");
  expect(await withdrawTemplate(shop.ctx, { id })).toMatchObject({ code: "WRONG_STATE" });
});

test("the sweep ends what is past its window or its validity, and opens what has room again", async () => {
  const now = shop.ctx.clock();
  const past = await addTemplate(shop.ctx, { closesAt: now - 1 });
  const expired = await addTemplate(shop.ctx, { validTo: now - 1, state: "SOLD_OUT", stock: 1, issued: 1 });
  const freed = await addTemplate(shop.ctx, { state: "SOLD_OUT", budget: 5_000, maxDiscount: 1_000, reserved: 4_000 });
  const full = await addTemplate(shop.ctx, { state: "SOLD_OUT", budget: 5_000, maxDiscount: 1_000, reserved: 4_001 });
  const open = await addTemplate(shop.ctx, { closesAt: now + hour });
  expect(codeOf(await claim(1, freed.id))).toBe("SOLD_OUT");
  await shop.sweep();
  const states: [CouponTemplate, TemplateState][] = [
    [past, "ENDED"],
    [expired, "ENDED"],
    [freed, "ACTIVE"],
    [full, "SOLD_OUT"],
    [open, "ACTIVE"],
  ];
  for (const [{ id }, state] of states) expect([id, await stateOf(id)]).toEqual([id, state]);
  expect(codeOf(await claim(1, freed.id))).toBe("CLAIMED");
  expect(await historyOf(shop.ctx, subjectOf("coupon-template", past.id))).toMatchObject([
    { from: "ACTIVE", to: "ENDED" },
  ]);
});
