import { sql } from "drizzle-orm";
import { type Audience, compileAudience, everyone, liveMember } from "../../audience/audience.ts";
import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import { templateIn } from "../../channels/provider-template.ts";
import { type Segments, segmentsOf } from "../../channels/segments.ts";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { type Issue, isRefusal } from "../../errors.ts";
import type { FrozenAction } from "../action/define.ts";
import { localeFor } from "../content/content.ts";
import { withDeadLinks } from "../content/link.ts";
import { type RenderMember, readerColumns, scopeFor } from "../content/render.ts";
import { readerBudget } from "../content/render-budget.ts";
import { type RenderFault, renderParts, templatesOf } from "../content/rendition.ts";
import type { Campaign } from "../draft/campaign.ts";
import { noRun } from "../no-run.ts";
import { campaignSettings } from "../settings.ts";

/** A fault of a rendition, with its place in the campaign. */
export function issueOf(channel: ChannelName, locale: string, { part, place, message }: RenderFault): Issue {
  return { path: `content.${channel}.${locale}.${part}${place}`, message };
}

/** What of a message is paid for by length. */
export interface MessageSize extends Segments {
  /** In units of `currency`; null where the installation does not say what a segment costs. */
  readonly price: number | null;
  readonly currency: string | null;
}

/**
 * How many segments this message is, and what it costs; null on channels that are not paid for in segments, and of a
 * template whose words only the provider has.
 */
export function sizeOf(
  ctx: Context,
  channel: ChannelName,
  parts: Readonly<Record<string, string>>,
): MessageSize | null {
  const { segmented } = factsOf(channel);
  if (segmented === undefined || templateIn(parts)) return null;
  const size = segmentsOf(parts[segmented] ?? "");
  return { ...size, ...priceOf(ctx, size.segments) };
}

/** What so many segments cost, to a hundredth of the smallest price. */
export function priceOf(ctx: Context, segments: number): Pick<MessageSize, "price" | "currency"> {
  const price = campaignSettings.of(ctx).smsSegmentPrice;
  if (!price) return { price: null, currency: null };
  return { price: Math.round(segments * price.amount * 1e6) / 1e6, currency: price.currency };
}

/** What a few messages of a campaign would be, and what is wrong with them. */
export interface Rehearsal {
  /** Of each message on a channel that is paid for in segments. */
  readonly segments: readonly number[];
  readonly issues: readonly Issue[];
}

interface RehearsalInput {
  readonly campaign: Campaign;
  readonly action: FrozenAction;
  readonly channel: ChannelName;
  readonly audience: Audience;
  readonly members: number;
}

/** Renders a campaign's messages for the first members of its audience. Nothing is sent. */
export async function rehearse(ctx: Context, input: RehearsalInput): Promise<Rehearsal | HeavyRefusal> {
  const { campaign, action, channel } = input;
  const members = await firstMembers(ctx, input);
  if (isRefusal(members)) return members;
  const templates = templatesOf(campaign.content, channel);
  const dead = withDeadLinks(ctx);
  const of = { run: noRun, channel, topic: campaign.topic };
  const budget = readerBudget();
  const segments: number[] = [];
  for (const member of members) {
    const scope = scopeFor(dead, member, { name: campaign.name, offer: action.values(dead, member, noRun), of });
    const to = { ...member, transactional: campaign.transactional };
    const { parts, faults } = await renderParts(ctx, templates(member.locale), { channel, scope, budget, to });
    const [fault] = faults.filter(({ isOfValues }) => !isOfValues);
    const locale = localeFor(campaign.content, channel, member.locale) ?? "default";
    if (fault) return { segments, issues: [issueOf(channel, locale, fault)] };
    const size = sizeOf(ctx, channel, parts);
    if (size) segments.push(size.segments);
  }
  return { segments, issues: [] };
}

/** The first members are found at once where everyone is meant; else it may take a look at every one. */
function firstMembers(
  ctx: Context,
  { campaign: { shop }, action, audience, members: limit }: RehearsalInput,
): Promise<RenderMember[] | HeavyRefusal> {
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, shop, from: "index" } as const;
  const query = sql`
    SELECT ${readerColumns(action.own(noRun))} FROM member m
    WHERE ${liveMember} AND ${compileAudience(audience, env)} LIMIT ${limit}`;
  return audience === everyone ? ctx.db.all<RenderMember>(query) : ctx.heavy.all<RenderMember>(query);
}
