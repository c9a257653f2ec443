import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import { contentPurposes } from "../content/purposes.ts";
import { noRun } from "../no-run.ts";
import type { ActionChoice } from "./action.ts";
import { choiceIssues, findGiven, freezeReward } from "./coupon-choice.ts";
import { couponGiven, couponScope, couponToUse, isUsable } from "./coupon-message.ts";
import { CouponReward } from "./coupon-reward.ts";
import { defineAction } from "./define.ts";

/** Tells members of a coupon that they were given by other means: of the newest of a template that they can use. */
export const notify = defineAction({
  kind: "COUPON_NOTICE",
  describe: "A message to those who were given a coupon by a file. Distributions make these alone.",
  channels: "needed",
  input: { issues, startIssues: async () => [] },
  facts: { schema: CouponReward, freeze: (ctx, choice) => freezeReward(ctx, choice, findGiven, { isGiven: true }) },
  content: {
    variables: contentPurposes.GIVEN.variables,
    own: (reward, run) => (run === noRun ? couponGiven(reward, run) : couponToUse(reward)),
    values: (ctx, reward, reader) => couponScope(ctx, reward, reader),
  },
  skipReasons: { NO_COUPON_LEFT: "The member has no such coupon any more that can be used, and need not be told." },
  skipRules: (reward, now) => [["NO_COUPON_LEFT", sql`NOT ${isUsable(reward, now)}`]],
});

async function issues(ctx: Context, choice: ActionChoice): Promise<Issue[]> {
  const message = "distributions make these, see uploadDistribution";
  const byHand = ctx.actor.kind === "system" ? [] : [{ path: "kind", message }];
  return [...byHand, ...(await choiceIssues(ctx, choice, () => undefined))];
}
