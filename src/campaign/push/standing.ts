import { z } from "zod";
import { everyone } from "../../audience/audience.ts";
import { channelNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { plainText } from "../../value/plain-text.ts";
import { Content } from "../content/content.ts";
import { unfitToLaunch } from "../control/launch.ts";
import { type CampaignDraft, unwritten } from "../draft/campaign.ts";
import { checkDraft } from "../draft/facts.ts";

/** What is said of campaigns that are made again and again: what they are about, how they come, what they say. */
export const pushFacts = (topic: string) => ({
  topic: plainText(60).default(topic),
  channels: z.array(z.enum(channelNames)),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]).default("FIRST_REACHABLE"),
  content: Content.default({}),
});

/**
 * What keeps such a campaign of a shop from being sent now, if anything does. It is asked of any members, outside of
 * transactions.
 */
export async function unfitPush(ctx: Context, shop: string, draft: CampaignDraft) {
  const checked = await checkDraft(ctx, draft, shop);
  return isRefusal(checked) ? checked : unfitToLaunch(ctx, unwritten(ctx, checked, shop), everyone);
}
