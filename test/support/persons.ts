import type { Role } from "../../src/actor.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import type { Context } from "../../src/context.ts";

/** The same shop as a person sees it; `token` tells two tokens of one person apart. */
export function as(ctx: Context, name: string, operator: number, token = operator): Context {
  const role: Role = "approver";
  return { ...ctx, actor: { kind: "operator", id: token, operator, name, role } };
}

/** The same shop, where a launch to more members than this needs a second person. */
export function approvingAbove(ctx: Context, approvalAbove: number): Context {
  const campaign = { ...campaignSettings.of(ctx), approvalAbove };
  return { ...ctx, settings: { ...ctx.settings, slices: { ...ctx.settings.slices, campaign } } };
}
