import { afterAll, expect, test } from "bun:test";
import { createPromotion, rewritePromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

test("a promotion's history says who made, changed, enabled and disabled it; a repeat changes nothing", async () => {
  const { ctx } = await openLedger();
  const kim = { ...ctx, actor: { kind: "operator", id: 7, operator: 7, name: "Kim", role: "editor" } as const };
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };
  const { id } = accepted(await createPromotion(kim, { name: "Spend 200, save 30", currency: "EUR", rule }));
  accepted(await setEnabled(ctx, { id, enabled: true }));
  accepted(await setEnabled(ctx, { id, enabled: true }));
  accepted(await rewritePromotion(kim, { id, draft: { name: "Save 30" } }));
  accepted(await setEnabled(kim, { id, enabled: false }));
  const history = await historyOf(ctx, subjectOf("promotion", id));
  expect(history.map(({ what, actor }) => `${what} by ${actor}`)).toEqual([
    "disabled by operator Kim",
    "changed by operator Kim",
    "enabled by job test",
    "created by operator Kim",
  ]);
});
