import { type Example, refusal } from "../kit/example.ts";

/** A coupon from its template to what its gate and its sums say. */
export const couponExamples: readonly Example[] = [
  {
    query: `# A flash sale: a hundred coupons, one a member, good until the end of the thirtieth day after the claim.
# It is a draft until it is activated.
mutation WriteCoupon($input: CreateCouponTemplateInput!) {
  createCouponTemplate(input: $input) {
    ... on CouponTemplate { id number name state stock maxDiscount { text } }
    ${refusal}
  }
}`,
    variables: {
      input: {
        name: "Ten off",
        currency: "EUR",
        discount: { instant: { off: "1000" } },
        stock: "100",
        validity: { days: 30 },
      },
    },
  },
  {
    query: `# From now on members may claim it on /app; stock and budget may change while they do.
mutation ActivateCoupon($template: ID!) {
  activateCouponTemplate(input: { templateId: $template }) {
    ... on CouponTemplate { id state }
    ${refusal}
  }
}`,
    variables: (made) => ({ template: made("CouponTemplate") }),
  },
  {
    query: `# This coupon to these people, by this channel: one mutation. Without dryRun it is done.
mutation PushCoupon($input: PushCouponInput!) {
  pushCoupon(input: $input) {
    ... on PushedCoupon {
      campaign { id state } members needsApproval
      content { channel locale parts { name text } }
      simulation { channels { channel reachable } coupons { members left cost { text } } }
    }
    ${refusal}
  }
}`,
    variables: (made) => ({
      input: {
        couponTemplateId: made("CouponTemplate"),
        audience: { filter: { level: { gte: 2 } } },
        channels: ["IN_APP"],
        dryRun: true,
      },
    }),
  },
  {
    query: `# An address for a spreadsheet of members who are to get coupons: send it there.
# It is read and checked at once, and nothing is issued before startDistribution.
mutation AddressForMembers($input: CreateDistributionUploadInput!) {
  createDistributionUpload(input: $input) {
    ... on DistributionUpload { url expiresAt }
    ${refusal}
  }
}`,
    variables: (made) => ({ input: { templateId: made("CouponTemplate"), name: "members.csv" } }),
  },
  {
    query: `# Or invite them: each is sent a link of her own to claim it with, at once, or as here on a schedule,
# of which schedulePreview tells the times.
mutation InviteToClaim($input: PushCouponInput!) {
  pushCoupon(input: $input) {
    ... on PushedCoupon { campaign { id state schedule { next(first: 3) { at } } } members }
    ${refusal}
  }
}`,
    variables: (made) => ({
      input: {
        couponTemplateId: made("CouponTemplate"),
        audience: { filter: { level: { gte: 2 } } },
        channels: ["IN_APP", "EMAIL"],
        invite: true,
        schedule: { recurrence: { cron: { line: "0 9 * * 1" } }, zone: "Europe/Berlin" },
      },
    }),
  },
  {
    query: `# What came of it: whom it was sent, who opened it, followed the link, claimed, and used the coupon.
query Funnels {
  campaigns(first: 3) {
    nodes { name funnel { matched sent opened clicked claimed redeemed } }
  }
}`,
  },
  {
    query: `# Does every unit stand somewhere? The database counts; the gate may be off for a moment, and is mended.
query CouponConservation($template: ID!) {
  couponConservation(templateId: $template) { stock issued remaining gateRemaining gatePending drift }
  couponTemplates(first: 5) { nodes { number name state statistics { issued used expired revenue { text } } } }
}`,
    variables: (made) => ({ template: made("CouponTemplate") }),
  },
];
