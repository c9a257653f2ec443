import { estimateTemplate, simulateTemplate, type TemplateSimulation } from "../../coupon/template/simulation.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { maybeMoney } from "../kit/money.ts";
import { placed } from "../kit/placed.ts";
import { memberScan } from "../kit/query-limits.ts";
import { IssueType } from "../kit/refusals.ts";
import { unwrap } from "../kit/unwrap.ts";
import { OccurrenceType } from "./template-figures.ts";
import { placeInInput, wholeDraft, wholeDraftFields } from "./template-input.ts";
import { CouponTemplateType } from "./template-type.ts";

const viewers = { role: "viewer" } as const;

const SimulationType = builder.objectRef<TemplateSimulation>("CouponTemplateSimulation").implement({
  description: "What a template would do, were it activated now.",
  authScopes: viewers,
  fields: (t) => ({
    eligible: t.expose("eligible", { type: "BigInt", description: "Members whom it is for, as they are now." }),
    maxCoupons: t.expose("maxCoupons", {
      type: "BigInt",
      description: "Coupons that they could come to hold, by stock and limit; of what recurs, each time.",
    }),
    maxDiscount: maybeMoney(
      t,
      "What one coupon can take off at most; null: only the cart bounds it.",
      ({ maxDiscount }) => maxDiscount,
    ),
    maxCost: maybeMoney(
      t,
      "What all of them can cost at most; of what recurs, each time. Null: only carts bound it.",
      ({ maxCost }) => maxCost,
    ),
    warnings: t.field({
      type: [IssueType],
      description: "What may not be meant, by the field; nothing of it keeps the template from being activated.",
      resolve: ({ warnings }) => [...warnings],
    }),
    occurrences: t.field({
      type: [OccurrenceType],
      description: "Of what recurs, the next 5 times that it opens.",
      resolve: ({ occurrences }) => [...occurrences],
    }),
  }),
});

const EstimateInput = builder.inputType("EstimateCouponTemplateInput", {
  description: "A template that is not written down yet.",
  fields: wholeDraftFields,
});

builder.queryFields((t) => ({
  simulateCouponTemplate: t.field({
    type: SimulationType,
    description: "What activating a template would do; nothing is changed. It reads every member who may be eligible.",
    authScopes: viewers,
    complexity: memberScan,
    args: { templateId: t.arg.globalID({ for: CouponTemplateType, required: true, description: "Which one." }) },
    resolve: async (_root, { templateId }, { ctx }) => unwrap(await simulateTemplate(ctx, toRowId(templateId.id))),
  }),
  estimateCouponTemplate: t.field({
    type: SimulationType,
    description: "The same of a template that is not written down yet. Its faults are errors with their places.",
    authScopes: viewers,
    complexity: memberScan,
    args: { input: t.arg({ type: EstimateInput, required: true, description: "What it would say." }) },
    resolve: async (_root, { input }, { ctx }) => {
      const estimate = await estimateTemplate(ctx, wholeDraft(input));
      return unwrap(placed(estimate, (path) => placeInInput(path, input)));
    },
  }),
}));
