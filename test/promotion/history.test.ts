import { afterAll, beforeAll, expect, test } from "bun:test";
import { createSegment } from "../../src/member/segment.ts";
import { changedPromise } from "../../src/promotion/changes.ts";
import {
  changedPromotion,
  createPromotion,
  type PromotionDraft,
  rewritePromotion,
  setEnabled,
} from "../../src/promotion/promotion.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { versionsOf } from "../../src/transition/revision.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(closeLedgers);

const as = (name: string) => {
  return { ...ledger.ctx, actor: { kind: "operator", id: 7, operator: 7, shop: "", name, role: "editor" } as const };
};
const history = (id: number) => historyOf(ledger.ctx, subjectOf("promotion", id));
const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };
const usual = { name: "Spend 200, save 30", currency: "EUR", startsAt: Date.UTC(2030, 0, 1), rule };
const made = async (draft: Partial<PromotionDraft> = {}) =>
  accepted(await createPromotion(as("Kim"), { ...usual, ...draft }));
const edit = async (id: number, draft: Partial<PromotionDraft>) =>
  accepted(await rewritePromotion(as("Lou"), { id, draft }));

test("what a promotion says of itself is kept in one form, however it was typed", async () => {
  const { name, remark } = await made({ name: "Cafe\u0301  days\u200b", remark: " Only\u202e cafe\u0301\n\nhere " });
  expect([name, remark]).toEqual(["Caf\u00e9 days", "Only caf\u00e9\n\nhere"]);
});

test("a promotion's history says who made, changed, enabled and disabled it; a repeat changes nothing", async () => {
  const { id, createdBy } = await made();
  accepted(await setEnabled(ledger.ctx, { id, enabled: true }));
  accepted(await setEnabled(ledger.ctx, { id, enabled: true }));
  await edit(id, { name: "Save 30" });
  await edit(id, { name: "Save 30", currency: "EUR", rule });
  accepted(await setEnabled(as("Kim"), { id, enabled: false }));
  expect((await history(id)).map(({ what, actor }) => `${what} by ${actor}`)).toEqual([
    "disabled by operator Kim",
    "changed name by operator Lou",
    "enabled by job test",
    "created by operator Kim",
  ]);
  expect(createdBy).toBe("operator Kim");
  expect(await versionsOf(ledger.ctx, [subjectOf("promotion", id)])).toEqual([2]);
});

test("what was edited stands there before and after, in words, whatever it was", async () => {
  const { id: gift } = await addTemplate(ledger.ctx, { issueMode: "SYSTEM", name: "Ten off" });
  const segment = accepted(await createSegment(as("Kim"), { name: "Regulars", filter: { level: { gte: 3 } } }));
  const { id } = await made({ remark: "Soon." });
  await edit(id, {
    remark: "",
    endsAt: Date.UTC(2031, 0, 1),
    conditions: { goods: { exclude: ["tea"] }, categories: { include: ["drinks"] } },
    audience: { filter: { email: { eq: "mia@shop.test" } } },
    stacking: { group: "sale", order: 3 },
    activeUrl: "https://shop.example/sale",
    rule: { kind: "DISCOUNT", tiers: [{ spend: 0, basisPointsOff: 250 }] },
  });
  await edit(id, {
    startsAt: Date.UTC(2030, 1, 1),
    endsAt: null,
    audience: { segment: segment.id },
    stacking: { exclusive: true },
    activeUrl: null,
    rule: { kind: "COUPON", tiers: [{ spend: 100, couponTemplate: gift }] },
  });
  const said = (await history(id)).map(({ what, from, to }) => `${what}: ${from} → ${to}`).reverse();
  expect(said).toEqual([
    "created: null → null",
    "changed remark: Soon. → ",
    "changed kind: FULL_REDUCTION → DISCOUNT",
    "changed tiers: spend €200: €30 off → spend €0: 2.5% off",
    "changed end: never → 2031-01-01T00:00:00.000Z",
    "changed conditions: for all goods → for categories drinks; not for goods tea",
    "changed audience: everyone → whom a filter selects",
    "changed stacking: beside all others → one of the group sale, turn 3",
    "changed link: none → https://shop.example/sale",
    "changed kind: DISCOUNT → COUPON",
    expect.stringMatching(/^changed tiers: spend €0: 2\.5% off → spend €1: .*Ten off/),
    "changed start: 2030-01-01T00:00:00.000Z → 2030-02-01T00:00:00.000Z",
    "changed end: 2031-01-01T00:00:00.000Z → never",
    "changed audience: whom a filter selects → segment Regulars",
    "changed stacking: one of the group sale, turn 3 → alone",
    "changed link: https://shop.example/sale → none",
  ]);
});

test("an edit that is refused leaves no trace, and a long list is cut where people stop reading", async () => {
  const { id } = await made();
  await rewritePromotion(as("Lou"), { id, draft: { endsAt: 0 } });
  await rewritePromotion(as("Lou"), { id, draft: { audience: { segment: 99_999 } } });
  expect(await history(id)).toHaveLength(1);
  await edit(id, { remark: "x".repeat(2_000) });
  expect((await history(id))[0]?.to).toBe(`${"x".repeat(500)}…`);
});

test("a promise is changed by everything that members count on, and by nothing else", async () => {
  const before = await made({ endsAt: Date.UTC(2031, 0, 1), activeUrl: "https://shop.example/a" });
  const after = async (draft: Partial<PromotionDraft>) =>
    changedPromise(before, accepted(await changedPromotion(ledger.ctx, before, draft)));
  expect(await after({ name: "Other", remark: "Other words" })).toEqual([]);
  expect(await after({ activeUrl: null })).toEqual([]);
  expect(await after({ activeUrl: "https://elsewhere.example" })).toEqual(["activeUrl"]);
  expect(await after({ endsAt: null, currency: "USD" })).toEqual(["currency", "window"]);
  expect(await after({ startsAt: Date.UTC(2030, 0, 2) })).toEqual(["window"]);
  expect(await after({ rule: { kind: "DISCOUNT", tiers: [{ spend: 1, basisPointsOff: 1 }] } })).toEqual(["rule"]);
  expect(await after({ conditions: { goods: { exclude: ["tea"] } } })).toEqual(["conditions"]);
  expect(await after({ audience: { filter: { level: { gte: 2 } } }, stacking: { exclusive: true } })).toEqual([
    "audience",
    "stacking",
  ]);
});
