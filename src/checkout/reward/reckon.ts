import { earnedTier } from "../quote/earned.ts";
import type { Quote } from "../quote/quote-shape.ts";
import { sum } from "../quote/turns.ts";

/** Whether a refund counts against what the order earns. */
export const rewardPolicies = ["TAKE_BACK", "KEEP"] as const;
export type RewardPolicy = (typeof rewardPolicies)[number];

/** A refund, as far as it matters to what is earned. */
export interface CountedRefund {
  readonly rewards: RewardPolicy;
  /** Whether nothing of the payment was left after it. */
  readonly isWhole: boolean;
  readonly lines: readonly { readonly line: string; readonly amount: number }[];
}

/** What an order earns of a promotion. */
export interface StillEarned {
  readonly promotion: number;
  readonly name: string;
  /** The threshold of the tier, minor units. */
  readonly spend: number;
  readonly kind: string;
  readonly terms: unknown;
}

/**
 * What an order earns after its refunds: of each promotion the tier that is reached by what is still paid for the lines
 * that count; none, from whatever threshold, where all that was paid for them went back. A refund with KEEP does not
 * count; one with TAKE_BACK with which nothing of the payment is left, leaves nothing earned. It depends on nothing but
 * the agreed quote and the refunds, and each refund can only lower it.
 */
export function stillEarned({ lines, earned }: Quote, refunds: readonly CountedRefund[]): StillEarned[] {
  const counted = refunds.filter(({ rewards }) => rewards === "TAKE_BACK");
  if (counted.some(({ isWhole }) => isWhole)) return [];
  const back = Map.groupBy(
    counted.flatMap((refund) => refund.lines),
    ({ line }) => line,
  );
  const paid = new Map(lines.map(({ id, pay }) => [id, pay]));
  const left = (line: string) => (paid.get(line) ?? 0) - sum((back.get(line) ?? []).map(({ amount }) => amount));
  return earned.flatMap((promised) => {
    const isGone = promised.lines.some((line) => back.has(line)) && promised.lines.every((line) => left(line) === 0);
    const tier = isGone ? undefined : earnedTier(promised, left);
    const { promotion, name } = promised;
    return tier ? [{ promotion, name, spend: tier.spend, kind: tier.reward.kind, terms: tier.reward.terms }] : [];
  });
}
