import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTemplate, updateTemplate } from "../../../src/coupon/template/edit.ts";
import { inNewWords, type OlderValidity } from "../../../src/coupon/template/said-draft.ts";
import { estimateTemplate } from "../../../src/coupon/template/simulation.ts";
import { anyTime, type Validity } from "../../../src/coupon/template/validity.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { pathsOf, usualTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
});
afterAll(closeLedgers);

const window = (from: number | null, to: number | null) => ({ window: { from, to } });

/** What older words make of what was said before, or the place that is refused. */
const cases: [before: Validity, older: OlderValidity, after: Validity | string | undefined][] = [
  [anyTime, {}, undefined],
  [anyTime, { validDays: 7 }, { hours: 168 }],
  [anyTime, { validFrom: 5, validTo: 9 }, window(5, 9)],
  [anyTime, { validDays: 7, validTo: 9 }, "validDays"],
  [anyTime, { validDays: 0 }, "validDays"],
  [anyTime, { validDays: 3_651 }, "validDays"],
  [window(5, 9), { validTo: 8 }, window(5, 8)],
  [window(5, 9), { validFrom: null }, window(null, 9)],
  [window(5, 9), { validDays: 2 }, "validDays"],
  [window(5, 9), { validFrom: null, validTo: null, validDays: 2 }, { hours: 48 }],
  [{ hours: 5 }, { validTo: null }, { hours: 5 }],
  [{ hours: 48 }, { validTo: 9 }, "validDays"],
  [{ hours: 48 }, { validDays: null, validTo: 9 }, window(null, 9)],
  [{ hours: 48 }, { validDays: 3 }, { hours: 72 }],
  [{ days: 3 }, { validFrom: null, validTo: null }, { days: 3 }],
  [{ days: 3 }, { validDays: null }, anyTime],
  [{ days: 3 }, { validDays: 1 }, { hours: 24 }],
  [{ days: 3 }, { validTo: 9 }, window(null, 9)],
];

test("validity in older words means what it meant: days of 24 hours, and what is left out stays", () => {
  for (const [before, older, after] of cases) {
    const said = inNewWords({ ...older }, before);
    expect([older, isRefusal(said) ? said.issues[0]?.path : (said as { validity?: Validity }).validity]).toEqual([
      older,
      after,
    ]);
  }
  expect(pathsOf(inNewWords({ validTo: 9, validity: { days: 1 } }))).toEqual(["validity"]);
});

test("a template is written, estimated and changed in older words, never in both", async () => {
  const draft = { ...usualTemplate, validDays: 2 };
  const { id, ...made } = accepted(await createTemplate(shop.ctx, { draft }));
  expect(made).toMatchObject({ validHours: 48, validDays: null, validTo: null });
  expect(accepted(await estimateTemplate(shop.ctx, draft)).maxDiscount).toBe(1_000);
  expect(accepted(await updateTemplate(shop.ctx, { id, draft: { validDays: 3 } }))).toMatchObject({ validHours: 72 });
  const window = { from: null, to: Date.UTC(2100, 0, 1) };
  accepted(await updateTemplate(shop.ctx, { id, draft: { validity: { window } } }));
  expect((await historyOf(shop.ctx, subjectOf("coupon-template", id)))[0]).toMatchObject({
    what: "changed validity",
    from: '{"hours":72}',
    to: '{"from":null,"to":"2100-01-01T00:00:00.000Z"}',
  });
  const both = { validDays: 3, validity: { days: 3 } };
  expect(pathsOf(await updateTemplate(shop.ctx, { id, draft: both }))).toEqual(["validity"]);
  expect(pathsOf(await createTemplate(shop.ctx, { draft: { ...usualTemplate, ...both } }))).toEqual(["validity"]);
});
