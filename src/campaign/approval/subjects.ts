import type { Context } from "../../context.ts";
import { subjectOf } from "../../transition/audit.ts";
import { wroteAny } from "../../transition/revision.ts";
import type { Campaign } from "../draft/campaign.ts";

type Named = Pick<Campaign, "id" | "audience" | "couponTemplate" | "promotion">;

/** The coupon template that a campaign is about, as revisions name it. */
export function offerOf({ couponTemplate }: Pick<Named, "couponTemplate">): string[] {
  return couponTemplate === null ? [] : [subjectOf("coupon-template", couponTemplate)];
}

/** The segment that a campaign's audience is of. */
export function segmentOf({ audience }: Pick<Named, "audience">): string[] {
  return "segment" in audience ? [subjectOf("segment", audience.segment)] : [];
}

/** The promotion that a campaign tells of. */
export function promotionOf({ promotion }: Pick<Named, "promotion">): string[] {
  return promotion === null ? [] : [subjectOf("promotion", promotion)];
}

/** All that is approved with a campaign: whoever wrote any of these does not approve it. */
export function subjectsOf(campaign: Named): string[] {
  return [subjectOf("campaign", campaign.id), ...segmentOf(campaign), ...offerOf(campaign), ...promotionOf(campaign)];
}

/** Whether the actor may approve a campaign: whoever wrote any version of what is approved with it may not. */
export async function mayApprove(ctx: Context, campaign: Named): Promise<boolean> {
  return !(await wroteAny(ctx, subjectsOf(campaign)));
}
