import { z } from "zod";
import type { Context } from "../context.ts";
import { describeDiscount } from "../discount/terms.ts";
import { defineReward } from "../reward/reward.ts";
import { mayName } from "../shop.ts";
import { unissuable } from "./issue/issuable.ts";
import { couponsIssued, issueStatements } from "./issue/issue.ts";
import { issueCoupon } from "./issue/issue-one.ts";
import { unitsLeft } from "./issue/issue-rules.ts";
import { leftFor } from "./issue/left-for.ts";
import { unkeepable } from "./issue/promised.ts";
import { findTemplate } from "./template/template.ts";
import { takeBackOfKey } from "./use/take-back-of-key.ts";

const absent = (id: number) => `there is no coupon template ${id}`;

const Terms = z.strictObject({ template: z.int().positive().describe("The coupon template, by its number.") });

/** Keys of gifts are the same keys whoever works for their giver at the moment. */
function asGiver(ctx: Context): Context {
  return { ...ctx, actor: { kind: "system", job: "reward" } };
}

/** A coupon of a template that the shop gives: one for each member, as long as stock, budget and limits allow. */
export const couponReward = defineReward({
  kind: "COUPON",
  about: "A coupon of a template that the shop gives.",
  terms: Terms,
  issues: async (ctx, { template: id }, promised) => {
    const template = await findTemplate(ctx, id);
    const isThere = template !== undefined && mayName(promised?.shop ?? "", template.shop);
    const found = isThere ? (unissuable(template) ?? (promised && unkeepable(template, promised))) : absent(id);
    return found === undefined ? [] : [{ path: "template", message: found }];
  },
  describe: async (ctx, { template: id }) => {
    const template = await findTemplate(ctx, id);
    return template ? `${template.name} (${describeDiscount(template, "en")})` : `coupon template ${id}`;
  },
  left: ({ template }) => unitsLeft(template),
  leftFor: (ctx, { template }, member) => leftFor(ctx, template, member),
  issueToMembers: async (ctx, { template: id }, { source, members }) => {
    const template = await findTemplate(ctx, id);
    if (!template) throw new Error(`coupon template ${id} is gone`);
    const { perMember, codeMode, codePrefix } = template;
    return {
      statements: issueStatements({
        template: id,
        source,
        perMember,
        codeMode,
        codePrefix,
        members,
        now: ctx.clock(),
        zone: ctx.settings.shopTimeZone,
      }),
      issued: (results) => couponsIssued(ctx, { template: id, results, taken: undefined }),
    };
  },
  issueOne: (ctx, { template }, { member, key, source }) =>
    issueCoupon(asGiver(ctx), { template, member: { seq: member }, idempotencyKey: key, source }),
  takeBack: (ctx, { key }) => takeBackOfKey(asGiver(ctx), key),
});
