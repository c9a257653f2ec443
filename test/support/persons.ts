import type { Role } from "../../src/actor.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import type { Context } from "../../src/context.ts";
import { couponSettings } from "../../src/coupon/settings.ts";

/** The same shop as a person sees it; `token` tells two tokens of one person apart. */
export function as(ctx: Context, name: string, operator: number, token = operator, shop = ""): Context {
  const role: Role = "approver";
  return { ...ctx, actor: { kind: "operator", id: token, operator, name, role, shop } };
}

/** The same shop, where more coupons, or minor units, than these need a second person. */
export function couponsAbove(ctx: Context, approvalStock: number | null, approvalBudget: number | null): Context {
  const coupon = { ...couponSettings.of(ctx), approvalStock, approvalBudget };
  return { ...ctx, settings: { ...ctx.settings, slices: { ...ctx.settings.slices, coupon } } };
}

/** The same shop, where a launch to more members than this needs a second person. */
export function approvingAbove(ctx: Context, approvalAbove: number): Context {
  const campaign = { ...campaignSettings.of(ctx), approvalAbove };
  return { ...ctx, settings: { ...ctx.settings, slices: { ...ctx.settings.slices, campaign } } };
}
