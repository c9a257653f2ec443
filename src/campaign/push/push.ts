import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { startIssues } from "../action/index.ts";
import { keepFrozen } from "../approval/freeze.ts";
import { goLive } from "../control/launch.ts";
import { submitToBeLaunched } from "../control/review.ts";
import { type Campaign, createCampaign } from "../draft/campaign.ts";
import { type CouponPush, type PlannedPush, planPush } from "./plan.ts";

/** What became of "this coupon to these people". Survives JSON. */
export interface PushedCoupon {
  /** Launched, or in review and launched by its approval; where it was only tried, as it would be written down. */
  readonly campaign: Campaign;
  readonly isTried: boolean;
  /** Whom the audience selects. */
  readonly members: number;
  /** Whether these are so many that a second person has to approve of it first. */
  readonly needsApproval: boolean;
}

export interface PushInput extends CouponPush {
  /** Why; kept in the campaign's history. */
  readonly reason?: string | undefined;
  /** Whether it is only tried: everything is checked and counted, and nothing done. */
  readonly dryRun?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * This coupon to these people, on these channels, now or at a time: makes the campaign and launches it, in one
 * transaction. Above the approval size it is submitted instead, and goes on by itself once a second person approved.
 * Refuses whatever writing the campaign down and launching it would refuse; then there is none. The same idempotency
 * key answers the same campaign again.
 */
export async function pushCoupon(ctx: Context, { dryRun, idempotencyKey, reason, ...push }: PushInput) {
  if (dryRun) {
    const plan = await planPush(ctx, push);
    return isRefusal(plan) ? plan : toldOf(plan, plan.planned, true);
  }
  let plan: PlannedPush | undefined;
  return once(ctx, {
    key: idempotencyKey,
    input: { push, reason: reason ?? null },
    check: async () => {
      const planned = await planPush(ctx, push);
      if (isRefusal(planned)) return planned;
      plan = planned;
      return undefined;
    },
    work: async (tx) => {
      if (!plan) throw new Error("a push is carried out that was not planned");
      return carryOut(tx, plan, reason);
    },
  });
}

async function carryOut(tx: Context, plan: PlannedPush, reason: string | undefined) {
  const { draft, frozen } = plan;
  const made = await createCampaign(tx, draft);
  if (isRefusal(made)) return made;
  // Whoever withdrew the coupon since it was looked at was first.
  const issues = await startIssues(tx, made);
  if (issues.length > 0) return refuse.invalid(issues);
  await tx.db.write([keepFrozen(made.id, frozen)]);
  const pushed = plan.needsApproval ? submitToBeLaunched : goLive;
  return toldOf(plan, await pushed(tx, made, reason), false);
}

function toldOf({ frozen, needsApproval }: PlannedPush, campaign: Campaign, isTried: boolean): PushedCoupon {
  return { campaign, isTried, members: frozen.members, needsApproval };
}
