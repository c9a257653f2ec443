import type { Audience } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { type Issue, isRefusal } from "../../errors.ts";
import { freezeAction } from "../action/index.ts";
import { audienceOfCampaign } from "../approval/freeze.ts";
import type { Campaign } from "../draft/campaign.ts";
import { rehearse } from "./rehearse.ts";

/** Members whose messages are made before a launch. */
const members = 5;

/** What would go wrong with the messages of the first members of its audience, or of another, were it launched. */
export async function rehearsalIssues(
  ctx: Context,
  campaign: Campaign,
  of?: Audience,
): Promise<Issue[] | HeavyRefusal> {
  const audience = of ?? (await audienceOfCampaign(ctx, campaign));
  if (isRefusal(audience)) return [];
  const action = await freezeAction(ctx, campaign);
  const issues: Issue[] = [];
  for (const channel of campaign.channels) {
    const rehearsed = await rehearse(ctx, { campaign, action, channel, audience, members });
    if (isRefusal(rehearsed)) return rehearsed;
    issues.push(...rehearsed.issues);
  }
  return issues;
}
