import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Actor } from "../../../src/actor.ts";
import { issueCoupon } from "../../../src/coupon/issue/issue-one.ts";
import type { Coupon } from "../../../src/coupon/table.ts";
import type { TemplateDraft } from "../../../src/coupon/template/draft.ts";
import { estimateTemplate, simulateTemplate } from "../../../src/coupon/template/simulation.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { isRefusal, type Refusal } from "../../../src/errors.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(20, { level: "i" });
});
afterAll(closeLedgers);

const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "GIVEN");
const service = (id: number): Actor => ({ kind: "service", id, name: "backend", scopes: ["orders:write"] });
const issue = (template: number, seq: number, idempotencyKey: string, actor = service(1)) =>
  issueCoupon({ ...shop.ctx, actor }, { template, member: { externalId: `x${seq}` }, idempotencyKey });

test("I6 a service gives one coupon of a SYSTEM template; its own key gives the same again", async () => {
  const { id } = await addTemplate(shop.ctx, {
    issueMode: "SYSTEM",
    perMember: 2,
    codeMode: "ON_CLAIM",
    codePrefix: "SORRY",
  });
  const first = accepted(await issue(id, 1, "a"));
  expect(first).toMatchObject({ member: 1, template: id, source: "ISSUE", state: "AVAILABLE", number: 1 });
  expect(first.code).toMatch(/^SORRY-/);
  const again = await Promise.all([issue(id, 1, "a"), issue(id, 1, "a")]);
  expect(again).toEqual([first, first]);
  expect(await issue(id, 2, "a")).toMatchObject({ code: "CONFLICT" });
  expect(accepted(await issue(id, 1, "a", service(2)))).toMatchObject({ number: 2 });
  expect(await findTemplate(shop.ctx, id)).toMatchObject({ issued: 2, claimed: 0 });
});

test("each reason not to give one has its name", async () => {
  const system = { issueMode: "SYSTEM" } as const;
  const now = shop.ctx.clock();
  const { id } = await addTemplate(shop.ctx, {
    ...system,
    stock: 2,
    opensAt: now + 60_000,
    eligibility: { level: { lte: 3 } },
  });
  expect(codeOf(await issue(id, 1, "b1"))).toBe("GIVEN");
  expect(await issue(id, 1, "b2")).toMatchObject({ code: "LIMIT_REACHED", limit: 1 });
  expect(codeOf(await issue(id, 9, "b3"))).toBe("NOT_ELIGIBLE");
  expect(codeOf(await issue(id, 2, "b4"))).toBe("GIVEN");
  expect(codeOf(await issue(id, 3, "b5"))).toBe("SOLD_OUT");
  expect(codeOf(await issue(id, 99, "b6"))).toBe("NOT_FOUND");
  expect(codeOf(await issue(9_999, 1, "b7"))).toBe("NOT_FOUND");
  expect(await issue((await addTemplate(shop.ctx, {})).id, 1, "b8")).toMatchObject({
    issues: [{ path: "templateId" }],
  });
  expect(codeOf(await issue((await addTemplate(shop.ctx, { ...system, state: "DRAFT" })).id, 1, "b9"))).toBe(
    "WRONG_STATE",
  );
  expect(codeOf(await issue((await addTemplate(shop.ctx, { ...system, closesAt: now - 1 })).id, 1, "b10"))).toBe(
    "ENDED",
  );
  expect(await issue(id, 1, "")).toMatchObject({ issues: [{ path: "idempotencyKey" }] });
});

const usual: TemplateDraft = { name: "Ten off", kind: "INSTANT", params: { off: 1_000 }, currency: "EUR", stock: 5 };

test("a dry run says for how many it is, and what it may cost at most", async () => {
  const spend = { kind: "FULL_REDUCTION", params: { spend: 5_000, off: 1_000 } };
  const level = { eligibility: { level: { lte: 4 } } };
  const simulation = accepted(await estimateTemplate(shop.ctx, { ...usual, ...spend, ...level, perMember: 2 }));
  expect(simulation).toEqual({
    eligible: 4,
    maxCoupons: 5,
    currency: "EUR",
    maxDiscount: 1_000,
    maxCost: 5_000,
    warnings: [],
    occurrences: [],
  });
  const { id } = await addTemplate(shop.ctx, {
    stock: null,
    budget: 2_500,
    maxDiscount: 1_000,
    conditions: { minimum: 2_000 },
  });
  expect(await simulateTemplate(shop.ctx, id)).toMatchObject({
    eligible: 20,
    maxCoupons: 20,
    maxCost: 2_500,
    warnings: [],
  });
  const recurrence = { cron: "0 10 * * *", zone: "UTC", minutes: 5 };
  expect(accepted(await estimateTemplate(shop.ctx, { ...usual, recurrence })).occurrences).toHaveLength(5);
  expect(await estimateTemplate(shop.ctx, { ...usual, kind: "GIFT" })).toMatchObject({ code: "INVALID_INPUT" });
  expect(await simulateTemplate(shop.ctx, 9_999)).toMatchObject({ code: "NOT_FOUND" });
});

test("a dry run warns of what an operator may not have meant", async () => {
  const warned = async (more: Partial<TemplateDraft>) => {
    const draft = { ...usual, conditions: { minimum: 2_000 }, ...more };
    return accepted(await estimateTemplate(shop.ctx, draft)).warnings.map(({ path, message }) => `${path} ${message}`);
  };
  const now = shop.ctx.clock();
  expect(await warned({})).toEqual([]);
  expect(await warned({ stock: null })).toEqual(["stock neither stock nor budget bounds what it costs"]);
  expect(await warned({ kind: "DISCOUNT", params: { basisPointsOff: 500 } })).toEqual([
    "params nothing bounds what one coupon takes off",
  ]);
  expect(await warned({ eligibility: { level: { gt: 99 } } })).toEqual([
    "eligibility no member is eligible now",
    "stock is more than eligible members may hold (0)",
  ]);
  expect(await warned({ budget: 2_000 })).toEqual(["budget is spent before the stock is"]);
  const window = (from: number | null, to: number | null) => ({ validity: { window: { from, to } } });
  expect(await warned({ ...window(null, now + 5_000), closesAt: now + 9_000 })).toEqual([
    "closesAt they can be had until they expire only, which is before it closes",
  ]);
  expect(await warned(window(now + 9_000, null))).toEqual([
    "validity.window.from coupons cannot be used when they are claimed",
  ]);
  const past = await addTemplate(shop.ctx, { stock: 1, closesAt: now - 1, validTo: now - 1 });
  expect(accepted(await simulateTemplate(shop.ctx, past.id)).warnings.map(({ path }) => path)).toEqual([
    "closesAt",
    "validity.window.to",
    "conditions.minimum",
  ]);
  expect(await warned({ conditions: { minimum: 900 } })).toEqual([
    "conditions.minimum the smallest cart that it is good for would cost nothing",
  ]);
  expect(await warned({ issueMode: "CODE", codeMode: "POOL", stock: null })).toEqual([
    "stock there are no codes in its pools yet",
  ]);
});
