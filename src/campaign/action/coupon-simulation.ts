import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { isRefusal } from "../../errors.ts";
import { rewardSkipReason } from "../ledger/decision.ts";
import { type SkipReason, skipReasons } from "../ledger/skip-reason.ts";
import type { SimulationScope } from "./action.ts";
import {
  type CouponReward,
  couponSkipReasons,
  describeReward,
  left,
  rulesOfGiving,
  shortage,
} from "./coupon-reward.ts";
import type { RewardSimulation } from "./simulation.ts";

/** Counts who of those who are asked about would be given a coupon, or could claim one. */
export async function simulateCoupons(
  ctx: Context,
  reward: CouponReward,
  { where, endsAt }: SimulationScope,
): Promise<RewardSimulation | HeavyRefusal> {
  const now = ctx.clock();
  const decision = rewardSkipReason({ endsAt, rules: rulesOfGiving(reward, now) }, now);
  const [counts, room, terms] = await Promise.all([
    ctx.heavy.first<Counts>(countDecisions(decision, where)),
    ctx.db.first<{ left: number; short: string }>(sql`SELECT ${left(reward)} AS left, ${shortage(reward)} AS short`),
    describeReward(ctx, reward),
  ]);
  if (isRefusal(counts)) return counts;
  if (!counts || !room) throw new Error(`coupon template ${reward.template} cannot be counted`);
  const skipped = reasons.flatMap((reason) => (counts[reason] ? [{ reason, n: counts[reason] }] : []));
  const members = counts.MATCHED - skipped.reduce((sum, { n }) => sum + n, 0);
  const coupons = Math.min(members, room.left);
  return {
    members,
    coupons,
    left: terms.isBounded ? room.left : null,
    cost: terms.cost === null ? null : terms.cost * coupons,
    currency: terms.currency,
    skipped: [...skipped, ...(members > coupons ? [{ reason: room.short, n: members - coupons }] : [])],
  };
}

type Reason = SkipReason | keyof typeof couponSkipReasons;
type Counts = Readonly<Record<Reason | "MATCHED", number>>;

const reasons = [...Object.keys(skipReasons), ...Object.keys(couponSkipReasons)] as Reason[];

/** One walk with a counter per reason: a GROUP BY would sort the whole audience in memory. */
function countDecisions(decision: SQL, where: SQL): SQL {
  const counters = reasons.map((reason) => sql.raw(`count(*) FILTER (WHERE decision = '${reason}') AS ${reason}`));
  return sql`
    SELECT count(*) AS MATCHED, ${sql.join(counters, sql`, `)}
    FROM (SELECT ${decision} AS decision FROM member m WHERE ${where} LIMIT -1)`;
}
