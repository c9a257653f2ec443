import { z } from "zod";
import { describeDiscount } from "../discount/terms.ts";
import { defineReward } from "../reward/reward.ts";
import { unissuable } from "./issue/issuable.ts";
import { couponsIssued, issueStatements } from "./issue/issue.ts";
import { issueCoupon } from "./issue/issue-one.ts";
import { unitsLeft } from "./issue/issue-rules.ts";
import { findTemplate } from "./template/template.ts";

const Terms = z.strictObject({ template: z.int().positive().describe("The coupon template, by its number.") });

/** A coupon of a template that the shop gives: one for each member, as long as stock, budget and limits allow. */
export const couponReward = defineReward({
  kind: "COUPON",
  about: "A coupon of a template that the shop gives.",
  terms: Terms,
  issues: async (ctx, { template: id }) => {
    const template = await findTemplate(ctx, id);
    const message = template ? unissuable(template) : `there is no coupon template ${id}`;
    return message === undefined ? [] : [{ path: "template", message }];
  },
  describe: async (ctx, { template: id }) => {
    const template = await findTemplate(ctx, id);
    return template ? `${template.name} (${describeDiscount(template, "en")})` : `coupon template ${id}`;
  },
  left: ({ template }) => unitsLeft(template),
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
      issued: (results) => couponsIssued(ctx, id, results),
    };
  },
  issueOne: (ctx, { template }, { member, key }) =>
    issueCoupon(ctx, { template, member: { seq: member }, idempotencyKey: key }),
});
