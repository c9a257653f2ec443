import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { slotMs } from "../../coupon/reminder/due.ts";
import { noticeOfCampaign } from "../../coupon/reminder/notice.ts";
import { noticeKinds } from "../../coupon/reminder/policy.ts";
import type { CouponOffer } from "../../coupon/words.ts";
import type { Issue } from "../../errors.ts";
import { contentPurposes } from "../content/purposes.ts";
import type { SkipRules } from "../ledger/skip-reason.ts";
import type { ActionChoice } from "./action.ts";
import { choiceIssues, findGiven, freezeReward } from "./coupon-choice.ts";
import { couponHeld, couponScope, couponsLeft, isHeld, type Span } from "./coupon-message.ts";
import { CouponReward, couponSkipReasons, rulesOfInviting } from "./coupon-reward.ts";
import { defineAction } from "./define.ts";

/** Which reminder it is; null where that is not known: of a campaign of which the notice was forgotten. */
const Facts = CouponReward.extend({
  notice: z.object({ kind: z.enum(noticeKinds), slot: z.int() }).nullable(),
});
type Facts = z.infer<typeof Facts>;

/** Reminds members of coupons: those who asked of a drop that opens, those who hold one of its end. */
export const remind = defineAction({
  kind: "COUPON_REMINDER",
  describe:
    "A reminder that a coupon can be claimed soon, or that the member's own expires. Policies make these alone.",
  channels: "needed",
  input: { issues, startIssues: async () => [] },
  facts: { schema: Facts, freeze },
  content: {
    variables: { ...contentPurposes.DROP.variables, ...contentPurposes.EXPIRY.variables },
    own: (facts) => {
      if (facts.notice?.kind === "EXPIRY") return couponHeld(facts, spanOf(facts.notice.slot));
      return couponsLeft(facts);
    },
    values: (ctx, facts, reader, run) =>
      couponScope(ctx, facts, reader, facts.notice?.kind === "EXPIRY" ? {} : { claimedBy: run }),
  },
  skipReasons: {
    ...couponSkipReasons,
    NOT_HELD: "The member used the coupon, or holds it no more, and needs no reminder of its end.",
  },
  skipRules,
});

async function issues(ctx: Context, choice: ActionChoice): Promise<Issue[]> {
  const message = "reminders are made by their policies, see setCouponNoticePolicy";
  const byHand = ctx.actor.kind === "system" ? [] : [{ path: "kind", message }];
  return [...byHand, ...(await choiceIssues(ctx, choice, () => undefined))];
}

async function freeze(ctx: Context, choice: ActionChoice): Promise<Facts> {
  const reward = await freezeReward(ctx, choice, findGiven);
  const notice = choice.id === undefined ? undefined : await noticeOfCampaign(ctx, choice.id);
  return { ...reward, offer: reward.offer && endingBy(reward.offer, notice), notice: notice ?? null };
}

/** Whose coupon has an end of its own is told that one; the hour is for whoever has it no more when it is read. */
function endingBy(offer: CouponOffer, notice: Facts["notice"] | undefined): CouponOffer {
  return notice?.kind === "EXPIRY" ? { ...offer, validTo: offer.validTo ?? notice.slot + slotMs } : offer;
}

function spanOf(slot: number): Span {
  return { after: slot, until: slot + slotMs };
}

/** What was true when the reminder was decided on may be so no more when it is a member's turn. */
function skipRules(facts: Facts, now: number): SkipRules {
  if (facts.notice === null) return [];
  if (facts.notice.kind === "DROP") return rulesOfInviting(facts, now);
  return [["NOT_HELD", sql`NOT ${isHeld(facts, spanOf(facts.notice.slot))}`]];
}
