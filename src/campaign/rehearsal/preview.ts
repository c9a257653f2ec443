import { sql } from "drizzle-orm";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { freezeAction } from "../action/index.ts";
import { localeFor } from "../content/content.ts";
import { withDeadLinks } from "../content/link.ts";
import { type RenderMember, readerColumns, scopeFor } from "../content/render.ts";
import { readerBudget } from "../content/render-budget.ts";
import { renderParts, templatesOf } from "../content/rendition.ts";
import { findCampaign } from "../draft/campaign.ts";
import { skipReason } from "../ledger/decision.ts";
import { noRun } from "../no-run.ts";
import { issueOf, type MessageSize, sizeOf } from "./rehearse.ts";

/** A campaign's message as one member would get it now. */
export interface Preview {
  readonly channel: ChannelName;
  /** Of the content that was chosen. */
  readonly locale: string;
  readonly parts: Readonly<Record<string, string>>;
  /** Of a text message: what it is sent as. */
  readonly size: MessageSize | null;
  /** Why it would not be sent to this member now; null when it would. */
  readonly skip: string | null;
}

/** Which content for whom; the member by its `seq`. */
export interface PreviewInput {
  readonly campaign: number;
  readonly member: number;
  readonly channel: ChannelName;
}

/**
 * Renders a campaign's content for a member. Links are shown as written, and those that act for the member do not work.
 * Nothing is sent.
 */
export async function previewContent(ctx: Context, input: PreviewInput) {
  const campaign = await findCampaign(ctx, input.campaign);
  if (!campaign) return refuse.notFound("campaign", input.campaign);
  const { channel } = input;
  const now = ctx.clock();
  const action = await freezeAction(ctx, campaign);
  const skip = skipReason(channel, { ...campaign, rules: action.skipRules(now) }, now);
  const member = await ctx.db.first<RenderMember & { skip: string | null }>(sql`
    SELECT ${readerColumns(action.own(noRun))}, ${skip} AS skip
    FROM member m WHERE m.seq = ${input.member} AND m.deleted_at IS NULL`);
  if (!member) return refuse.notFound("member", input.member);
  const locale = localeFor(campaign.content, channel, member.locale);
  const path = `content.${channel}`;
  if (!locale) return refuse.invalid([{ path, message: `the campaign has no content for ${channel}` }]);
  const dead = withDeadLinks(ctx);
  const of = { run: noRun, channel, topic: campaign.topic };
  const scope = scopeFor(dead, member, { name: campaign.name, offer: action.values(dead, member, noRun), of });
  const templates = templatesOf(campaign.content, channel)(member.locale);
  const to = { ...member, transactional: campaign.transactional };
  const { parts, faults } = await renderParts(ctx, templates, { channel, scope, budget: readerBudget(), to });
  if (faults.length > 0) return refuse.invalid(faults.map((fault) => issueOf(channel, locale, fault)));
  return { channel, locale, parts, size: sizeOf(ctx, channel, parts), skip: member.skip };
}
