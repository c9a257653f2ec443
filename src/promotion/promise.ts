import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Issue } from "../errors.ts";
import { audienceIssues } from "../member/audience-choice.ts";
import type { Promotion } from "./table.ts";
import { type PromotionRule, rewardOfTier } from "./tier.ts";

/** What a promotion promises, and until when. */
type Promising = PromotionRule & Pick<Promotion, "currency" | "endsAt" | "enabled"> & Partial<Pick<Promotion, "shop">>;

/**
 * What keeps the rewards that a promotion promises from being given, by the place in its draft: nothing gives such
 * rewards, or what a tier names is not there, is not given by the shop, is of another currency, ends before the
 * promotion does, or, once that is enabled, is not in offer.
 */
export async function promiseIssues(ctx: Context, promising: Promising): Promise<Issue[]> {
  const { currency, endsAt, enabled, shop, ...rule } = promising;
  const missing = missingReward(ctx, rule);
  if (missing) return [missing];
  const { kind, tiers } = rule;
  const promised = { currency, until: endsAt, isMade: enabled, shop };
  const found = tiers.map(async (tier, i) => {
    const gift = rewardOfTier(kind, tier);
    const issues = (await (gift && ctx.rewards.of(gift.kind))?.issues(ctx, gift?.terms, promised)) ?? [];
    return issues.map(({ message }) => ({ path: `rule.tiers.${i}.${gift?.field}`, message }));
  });
  return (await Promise.all(found)).flat();
}

function missingReward({ rewards }: Context, { kind, tiers: [first] }: PromotionRule): Issue | undefined {
  const gift = first && rewardOfTier(kind, first);
  if (!gift || rewards.of(gift.kind)) return undefined;
  const known = rewards.kinds.join(", ");
  return { path: "rule.tiers", message: `nothing can give ${kind} yet: there is no such reward; there is ${known}` };
}

/** What keeps a promotion from being kept, or from being enabled where it is not, in words. */
export async function promotionFaults(ctx: Context, promotion: Promotion): Promise<string[]> {
  const issues = [
    ...(await promiseIssues(ctx, { ...promotion, enabled: true })),
    ...(await audienceIssues(ctx, promotion.audience, promotion.shop)),
  ].map(({ path, message }) => `${inWords(path)}: ${message}`);
  return issues.length > 0 ? issues : spentTiers(ctx, promotion);
}

/** `rule.tiers.0.couponTemplate` is `tier 1`. */
function inWords(path: string): string {
  const [, tier] = /^rule\.tiers\.(\d+)/.exec(path) ?? [];
  return tier === undefined ? path : `tier ${Number(tier) + 1}`;
}

async function spentTiers({ db, rewards }: Context, promotion: Promotion): Promise<string[]> {
  const gifts = giftsOf(promotion);
  if (gifts.length === 0) return [];
  const columns = gifts.map(({ gift: { kind, terms } }, i) => {
    return sql`${rewards.of(kind)?.left(terms) ?? sql`0`} AS ${sql.raw(`t${i}`)}`;
  });
  const row = await db.first<Record<string, number>>(sql`SELECT ${sql.join(columns, sql`, `)}`);
  return gifts.flatMap((_, i) => ((row?.[`t${i}`] ?? 0) > 0 ? [] : [`tier ${i + 1}: nothing is left to give`]));
}

/** What is given from a threshold upwards: a reward, under a name that equal ones share. */
export interface TierGift {
  readonly spend: number;
  readonly gift: { readonly name: string; readonly kind: string; readonly terms: unknown };
}

/** What the tiers of a promotion give besides a lower price; nothing, where they lower it. */
export function giftsOf({ kind, tiers }: PromotionRule): TierGift[] {
  return tiers.flatMap((tier) => {
    const gift = rewardOfTier(kind, tier);
    if (!gift) return [];
    return [{ spend: tier.spend, gift: { name: nameOfGift(gift), kind: gift.kind, terms: gift.terms } }];
  });
}

/** What equal rewards are called alike by. */
export function nameOfGift({ kind, terms }: { readonly kind: string; readonly terms: unknown }): string {
  return `${kind} ${JSON.stringify(terms)}`;
}
