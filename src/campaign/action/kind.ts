/** What a campaign does: say something, give coupons (and perhaps say so), or invite to claim them. */
export const campaignKinds = ["ANNOUNCEMENT", "COUPON_ISSUE", "COUPON_INVITE"] as const;
export type CampaignKind = (typeof campaignKinds)[number];
