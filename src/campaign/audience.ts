import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { couponTerms } from "../coupon/audience-terms.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type Audience, everyone, parseAudience } from "../member/audience.ts";
import { type AudienceTerm, defineTerm } from "../member/audience-term.ts";
import { memberTerms } from "../member/terms.ts";

/** Whom a campaign is for: everyone, a filter, or a saved segment as it will be when the run starts. */
export const AudienceChoice = z.union(
  [
    z.strictObject({ everyone: z.literal(true) }),
    z.strictObject({ filter: z.unknown() }),
    z.strictObject({ segment: z.int().positive() }),
  ],
  "one of: everyone (true), a filter, a segment",
);
export type AudienceChoice = z.infer<typeof AudienceChoice>;

const Campaigns = z.strictObject({ campaign: z.int().positive().describe("The campaign, by its number.") });

/** What campaigns know of their members. */
export const campaignTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "gotCampaign",
    description: "Members to whom a message of this campaign was sent on any channel.",
    schema: Campaigns,
    compile: ({ campaign }) => sql`EXISTS (
      SELECT 1 FROM run r JOIN send s ON s.run = r.id AND s.member = m.seq AND s.state = 'SENT'
        AND s.channel IN (SELECT value FROM json_each(r.frozen, '$.channels'))
      WHERE r.campaign = ${campaign} AND r.frozen IS NOT NULL)`,
  }),
];

/** Every term that a campaign's filter may use; a domain adds its own list here when it comes. */
export const audienceTerms: readonly AudienceTerm[] = [...memberTerms, ...couponTerms, ...campaignTerms];

/** The audience that a choice stands for now, or what is wrong with it. */
export async function readAudience(ctx: Context, choice: AudienceChoice): Promise<Audience | Refusal> {
  if ("everyone" in choice) return everyone;
  if ("filter" in choice) return parseAudience(audienceTerms, choice.filter);
  const segment = await ctx.db.first<{ filter: string }>(sql`SELECT filter FROM segment WHERE id = ${choice.segment}`);
  return segment
    ? parseAudience(audienceTerms, JSON.parse(segment.filter))
    : refuse.notFound("segment", choice.segment);
}
