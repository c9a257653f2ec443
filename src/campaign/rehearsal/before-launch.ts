import { sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { type Issue, isRefusal } from "../../errors.ts";
import { readAudience } from "../../member/audience-choice.ts";
import { freezeAction } from "../action/index.ts";
import type { Campaign } from "../draft/campaign.ts";
import { rehearse } from "./rehearse.ts";

/** Members whose messages are made before a launch. */
const members = 5;

/** What would go wrong with the messages of the first members of a campaign's audience, were it launched. */
export async function rehearsalIssues(ctx: Context, campaign: Campaign): Promise<Issue[]> {
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) return [];
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, from: "index" } as const;
  const where = sql`${liveMember} AND ${compileAudience(audience, env)}`;
  const action = await freezeAction(ctx, campaign);
  const issues: Issue[] = [];
  for (const channel of campaign.channels)
    issues.push(...(await rehearse(ctx, { campaign, action, channel, where, members })).issues);
  return issues;
}
