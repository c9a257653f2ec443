import type { ChannelName } from "../../channels/catalog.ts";
import type { Issue } from "../../errors.ts";
import type { Content } from "../content/content.ts";
import { contentPurposes } from "../content/purposes.ts";
import { choiceIssues, findClaimable, freezeReward, startIssues, unclaimable } from "./coupon-choice.ts";
import { couponScope, couponsLeft } from "./coupon-message.ts";
import { CouponReward, couponSkipReasons, rulesOfInviting } from "./coupon-reward.ts";
import { simulateCoupons } from "./coupon-simulation.ts";
import { defineAction } from "./define.ts";

/** Invites members to claim a coupon, each with a link of their own. */
export const invite = defineAction({
  kind: "COUPON_INVITE",
  describe: "A message with the member's own link to claim a coupon, to those who hold none.",
  channels: "needed",
  input: {
    issues: (ctx, choice) => choiceIssues(ctx, choice, unclaimable),
    startIssues: (ctx, choice, startsAt) => startIssues(ctx, choice, startsAt, findClaimable),
  },
  facts: { schema: CouponReward, freeze: (ctx, choice) => freezeReward(ctx, choice, findClaimable) },
  content: {
    variables: contentPurposes.INVITED.variables,
    issues: withoutLink,
    own: couponsLeft,
    values: (ctx, reward, reader, run) => couponScope(ctx, reward, reader, { claimedBy: run }),
  },
  skipReasons: couponSkipReasons,
  skipRules: rulesOfInviting,
  simulate: simulateCoupons,
});

/** An invitation must say where to claim. */
function withoutLink(content: Content, channels: readonly ChannelName[]): Issue[] {
  return channels.flatMap((channel) =>
    Object.entries(content[channel] ?? {})
      .filter(([, parts]) => !Object.values(parts).some((source) => source.includes("coupon.claimUrl")))
      .map(([locale]) => ({
        path: `content.${channel}.${locale}`,
        message: "an invitation needs {{ coupon.claimUrl }} in one of its parts",
      })),
  );
}
