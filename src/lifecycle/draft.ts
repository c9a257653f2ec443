import type { CampaignKind } from "../campaign/action/index.ts";
import type { CampaignDraft } from "../campaign/draft/campaign.ts";
import type { Context } from "../context.ts";
import type { LifecyclePush } from "./policy.ts";

/** How long after a look its messages may still go out (ms): what quiet hours put off is not said days late. */
export const lateMs = 24 * 3_600_000;

/** The campaign that says a push to an audience from now on. */
export function draftOfPush(
  ctx: Context,
  { name, push, filter }: { readonly name: string; readonly push: LifecyclePush; readonly filter: unknown },
): CampaignDraft {
  const { couponTemplate, invite, ...said } = push;
  const given: CampaignKind = invite ? "COUPON_INVITE" : "COUPON_ISSUE";
  const kind: CampaignKind = couponTemplate === null ? "ANNOUNCEMENT" : given;
  return { ...said, name, kind, couponTemplate, audience: { filter }, endsAt: ctx.clock() + lateMs };
}
