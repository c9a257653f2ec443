import { sql } from "drizzle-orm";
import { type ChannelName, type ExternalChannelName, externalNames, factsOf } from "../../channels/catalog.ts";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { enqueue } from "../../queue/outbox.ts";
import { auditDeed, forgetReasonsOf, subjectOf } from "../../transition/audit.ts";
import { freezeAction, skipText } from "../action/index.ts";
import { envelopeFor } from "../content/envelope.ts";
import { type Recipient, recipientColumns, scopeFor } from "../content/render.ts";
import { readerBudget } from "../content/render-budget.ts";
import { renderParts, templatesOf } from "../content/rendition.ts";
import { findCampaign } from "../draft/campaign.ts";
import { skipReason } from "../ledger/decision.ts";
import { campaignTest } from "../messages.ts";
import { noRun } from "../no-run.ts";
import { type PreviewInput, previewContent } from "./preview.ts";

/**
 * Leaves a message that sends a campaign's content to one member through its channel, outside any run. Refuses local
 * channels, whose text a preview shows, and members whom the channel must not be used for: consent holds for tests,
 * too.
 */
export async function requestTestSend(ctx: Context, input: PreviewInput) {
  const { campaign, member, channel } = input;
  if (factsOf(channel).reach === "local") {
    return refuse.invalid([{ path: "channel", message: `${channel} sends nothing out; previewContent shows it` }]);
  }
  const preview = await previewContent(ctx, input);
  if (isRefusal(preview)) return preview;
  if (preview.skip) return refuse.invalid([{ path: "member", message: skipText(preview.skip) }]);
  const test = campaignTest.of({ id: ctx.id(), campaign, member, channel }, { flow: channel });
  const deed = auditDeed(ctx, subjectOf("campaign", campaign), sentTo(channel, member));
  await ctx.db.write([enqueue(ctx, [test]), deed]);
  return preview;
}

function sentTo(channel: ChannelName, member: number): string {
  return `sent a test by ${channel} to member ${member}`;
}

/** The statement that blanks why tests were sent to a member. */
export function forgetWhyTested(member: number): Query {
  return forgetReasonsOf(
    "campaign",
    externalNames.map((channel) => sentTo(channel, member)),
  );
}

/** The envelope of a test, as campaign and member are now; nothing when it must not be sent any more. */
export async function testEnvelope(
  ctx: Context,
  { campaign: id, member: seq, channel }: { campaign: number; member: number; channel: ExternalChannelName },
): Promise<Envelope | undefined> {
  const campaign = await findCampaign(ctx, id);
  if (!campaign) return undefined;
  const now = ctx.clock();
  const action = await freezeAction(ctx, campaign);
  const skip = skipReason(channel, { ...campaign, rules: action.skipRules(now) }, now);
  const member = await ctx.db.first<Recipient>(sql`
    SELECT ${recipientColumns(channel, action.own(noRun))} FROM member m WHERE m.seq = ${seq} AND ${skip} IS NULL`);
  if (!member) return undefined;
  const of = { run: noRun, channel, topic: campaign.topic };
  const scope = scopeFor(ctx, member, { name: campaign.name, offer: action.values(ctx, member, noRun), of });
  const templates = templatesOf(campaign.content, channel)(member.locale);
  const to = { ...member, transactional: campaign.transactional };
  const { parts, faults } = await renderParts(ctx, templates, { channel, scope, budget: readerBudget(), to });
  return faults.length > 0 ? undefined : envelopeFor(ctx, of, member, parts);
}
