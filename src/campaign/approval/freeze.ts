import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { readAudience, resolveChoice } from "../../member/audience-choice.ts";
import { countMembers } from "../../member/member-search.ts";
import { versionsOf } from "../../transition/revision.ts";
import type { Campaign } from "../draft/campaign.ts";
import type { FrozenCampaign } from "../frozen-campaign.ts";
import { offerOf } from "./subjects.ts";

/** What of a campaign decides whom it reaches, and with what. */
export type Freezable = Pick<Campaign, "shop" | "audience" | "couponTemplate">;

/**
 * What a campaign would be submitted or launched with now: its audience, a segment's filter copied, and how many
 * members that selects, counted up to `upTo` where that is said. Refuses an audience that cannot be read, or counted
 * now.
 */
export async function freezeCampaign(ctx: Context, campaign: Freezable, upTo?: number) {
  const chosen = await resolveChoice(ctx, campaign.audience, campaign.shop);
  if (isRefusal(chosen)) return chosen;
  const audience = await readAudience(ctx, chosen.choice, campaign.shop);
  if (isRefusal(audience)) return audience;
  const members = await countMembers(ctx, audience, { shop: campaign.shop, upTo });
  if (isRefusal(members)) return members;
  const [templateVersion = 0] = await versionsOf(ctx, offerOf(campaign));
  return {
    audience: chosen.choice,
    members,
    segmentVersion: chosen.version,
    templateVersion,
    at: ctx.clock(),
  } satisfies FrozenCampaign;
}

/** The audience that a campaign stands for: what was frozen of it, or of a draft what it says now. */
export function audienceOfCampaign(ctx: Context, { frozen, audience, shop }: Campaign) {
  return readAudience(ctx, frozen?.audience ?? audience, shop);
}

/** The statement that keeps it. */
export function keepFrozen(id: number, frozen: FrozenCampaign): Query {
  return sql`UPDATE campaign SET frozen = ${JSON.stringify(frozen)} WHERE id = ${id}`;
}
