import { z } from "zod";
import { approveTemplate, templateVersions } from "../../coupon/template/approval.ts";
import type { TemplateApproval } from "../../coupon/template-approval.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { numberOf } from "./template-input.ts";
import { CouponTemplateType } from "./template-type.ts";

const viewers = { role: "viewer" } as const;

const bigint = (amount: number | null) => (amount === null ? null : BigInt(amount));

const ApprovalType = builder.objectRef<TemplateApproval>("CouponTemplateApproval").implement({
  description: "What a second person approved of a template.",
  authScopes: viewers,
  fields: (t) => ({
    actor: t.exposeString("actor", { description: "Who did." }),
    version: t.string({
      description: "Of a draft, the version that it holds for.",
      resolve: ({ version }) => String(version),
    }),
    coupons: t.field({
      type: "BigInt",
      nullable: true,
      description: "Up to so many coupons; null: any number.",
      resolve: ({ coupons }) => bigint(coupons),
    }),
    cost: t.field({
      type: "BigInt",
      nullable: true,
      description: "Up to so many minor units in all; null: any number.",
      resolve: ({ cost }) => bigint(cost),
    }),
    activeUrl: t.exposeString("activeUrl", { nullable: true, description: "Where its claim links may lead." }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

builder.objectFields(CouponTemplateType, (t) => ({
  version: t.loadable({
    type: "String",
    description: "What `approveCouponTemplate` names: it changes with whatever an operator says of the template.",
    resolve: ({ id }) => id,
    load: (ids: number[], { ctx }) => templateVersions(ctx, ids),
  }),
  approval: t.expose("approval", {
    type: ApprovalType,
    nullable: true,
    description: "What a second person approved last; null: nobody did.",
  }),
}));

refusable("approveCouponTemplate", {
  description:
    "Approves a draft as it was read, which may give more than one person may decide on; or, of a live template, " +
    "that somebody else raises its stock or budget so far, or lets its claim links lead there. Refused to whoever " +
    "wrote any version of it, whichever token they come with.",
  scopes: { role: "approver" },
  result: CouponTemplateType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    templateId: t.globalID({ for: CouponTemplateType, required: true, description: "Which one." }),
    version: t.string({
      required: true,
      description: "`CouponTemplate.version` as you read it; another one is a conflict.",
      validate: z.string().max(40, "is no version"),
    }),
    stock: t.field({
      type: "BigInt",
      description: "Of a live one: up to how many coupons, or codes in its pools; null: any number.",
    }),
    budget: t.field({ type: "BigInt", description: "Of a live one: up to how many minor units; null: any number." }),
    activeUrl: t.string({ description: "Of a live one: where its claim links may lead." }),
  }),
  resolve: ({ templateId, version, stock, budget, activeUrl }, ctx) =>
    approveTemplate(ctx, {
      id: toRowId(templateId.id),
      version,
      stock: stock === undefined ? undefined : numberOf(stock),
      budget: budget === undefined ? undefined : numberOf(budget),
      activeUrl: activeUrl ?? undefined,
    }),
});
