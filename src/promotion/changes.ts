import type { Context } from "../context.ts";
import { describeConditions } from "../discount/terms.ts";
import type { AudienceChoice } from "../member/audience-choice.ts";
import { getSegment } from "../member/segment.ts";
import { moneyText } from "../money.ts";
import type { Change } from "../transition/audit.ts";
import type { Promotion } from "./table.ts";
import { type PromotionRule, rewardOfTier } from "./tier.ts";

/** What a promotion says, each with how to say it to an operator. */
interface Fact {
  readonly name: string;
  readonly of: (promotion: Promotion) => unknown;
  readonly inWords: (ctx: Context, promotion: Promotion) => string | Promise<string>;
}

const facts: readonly Fact[] = [
  { name: "name", of: ({ name }) => name, inWords: (_, { name }) => name },
  { name: "remark", of: ({ remark }) => remark, inWords: (_, { remark }) => remark },
  { name: "kind", of: ({ kind }) => kind, inWords: (_, { kind }) => kind },
  { name: "currency", of: ({ currency }) => currency, inWords: (_, { currency }) => currency },
  { name: "tiers", of: ({ tiers }) => tiers, inWords: tiersInWords },
  { name: "start", of: ({ startsAt }) => startsAt, inWords: (_, { startsAt }) => momentInWords(startsAt) },
  { name: "end", of: ({ endsAt }) => endsAt, inWords: (_, { endsAt }) => momentInWords(endsAt) },
  {
    name: "conditions",
    of: ({ conditions }) => conditions,
    inWords: (_, promotion) => describeConditions(promotion, "en") || "for all goods",
  },
  { name: "audience", of: ({ audience }) => audience, inWords: (ctx, { audience }) => audienceInWords(ctx, audience) },
  { name: "stacking", of: ({ stacking }) => stacking, inWords: (_, { stacking }) => stackingInWords(stacking) },
  { name: "link", of: ({ activeUrl }) => activeUrl, inWords: (_, { activeUrl }) => activeUrl ?? "none" },
];

/** What one version of a promotion says otherwise than another, in words. */
export async function changesOf(ctx: Context, before: Promotion, after: Promotion): Promise<Change[]> {
  const changed = facts.filter(({ of }) => !Bun.deepEquals(of(before), of(after)));
  return Promise.all(
    changed.map(async ({ name, inWords }) => ({
      fact: name,
      from: brief(await inWords(ctx, before)),
      to: brief(await inWords(ctx, after)),
    })),
  );
}

/** What of a promotion is promised to members, or leads them somewhere. */
const promised = {
  rule: ({ kind, tiers }) => [kind, tiers],
  currency: ({ currency }) => currency,
  window: ({ startsAt, endsAt }) => [startsAt, endsAt],
  conditions: ({ conditions }) => conditions,
  audience: ({ audience }) => audience,
  stacking: ({ stacking }) => stacking,
  activeUrl: ({ activeUrl }) => activeUrl,
} as const satisfies Readonly<Record<string, (promotion: Promotion) => unknown>>;
export type PromisedField = keyof typeof promised;
const promisedFields = Object.keys(promised) as PromisedField[];

/**
 * Which of its promises an edit of a promotion changes, and whether it leads elsewhere: what nobody does alone to one
 * that is enabled. To lead nowhere any more is nobody's harm.
 */
export function changedPromise(before: Promotion, after: Promotion): readonly PromisedField[] {
  return promisedFields.filter((field) => {
    if (field === "activeUrl" && after.activeUrl === null) return false;
    return !Bun.deepEquals(promised[field](before), promised[field](after));
  });
}

async function tiersInWords(ctx: Context, promotion: Promotion): Promise<string> {
  const { kind, tiers, currency } = promotion;
  const money = (amount: number) => moneyText({ amount, currency }, "en");
  const parts = tiers.map(async (tier) => `spend ${money(tier.spend)}: ${await worthOf(ctx, kind, tier, money)}`);
  return (await Promise.all(parts)).join("; ");
}

type Tier = PromotionRule["tiers"][number];

async function worthOf(ctx: Context, kind: Promotion["kind"], tier: Tier, money: (amount: number) => string) {
  if ("off" in tier) return `${money(tier.off)} off`;
  if ("basisPointsOff" in tier) return `${tier.basisPointsOff / 100}% off`;
  if ("points" in tier) return `${tier.points} points`;
  const gift = rewardOfTier(kind, tier);
  return (gift && ctx.rewards.of(gift.kind)?.describe(ctx, gift.terms)) ?? `coupon template ${tier.couponTemplate}`;
}

function momentInWords(at: number | null): string {
  return at === null ? "never" : new Date(at).toISOString();
}

/** A filter may hold addresses, and is not quoted. */
async function audienceInWords(ctx: Context, audience: AudienceChoice): Promise<string> {
  if ("everyone" in audience) return "everyone";
  if ("filter" in audience) return "whom a filter selects";
  return `segment ${(await getSegment(ctx, audience.segment))?.name ?? audience.segment}`;
}

function stackingInWords(stacking: Promotion["stacking"]): string {
  if (stacking === null) return "beside all others";
  return "exclusive" in stacking ? "alone" : `one of the group ${stacking.group}, turn ${stacking.order}`;
}

/** A history is no place for a thousand goods. */
function brief(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500).toWellFormed()}…` : text;
}
