import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, type ExternalChannelName, factsOf } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { addressesOf } from "../../member/consent.ts";
import { linkUrl } from "./link.ts";
import type { OfferScope, TemplateScope } from "./template.ts";

/** What a template needs of a member: the columns of {@link readerColumns}. */
export interface RenderMember {
  readonly seq: number;
  readonly id: string;
  readonly external_id: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly locale: string;
  /** Null where it is the shop's. */
  readonly time_zone: string | null;
  readonly level: number;
  readonly points: number;
  readonly total_spend: number;
  readonly account_type: string;
  readonly birthday: string | null;
  readonly attributes: string;
  /** What is the member's own of what is offered, JSON. */
  readonly own?: string | null;
}

/** A member to be written to: the columns of {@link recipientColumns}. */
export interface Recipient extends RenderMember {
  /** JSON list of the member's addresses on the channel. */
  readonly addresses: string;
  /** When the member was erased (ms). */
  readonly deleted_at: number | null;
}

const memberColumns =
  sql.raw(`m.seq, m.id, m.external_id, m.email, m.phone, m.name, m.locale, m.time_zone, m.level, m.points,
    m.total_spend, m.account_type, m.birthday, m.attributes`);

/** `own`: an expression over member `m` for what is the member's own of what is offered, where anything is. */
export function recipientColumns(channel: ExternalChannelName, own?: SQL): SQL {
  return sql`${readerColumns(own)}, m.deleted_at, ${addressesOf(channel)} AS addresses`;
}

/** The columns of {@link RenderMember}. */
export function readerColumns(own?: SQL): SQL {
  return sql`${memberColumns}, ${own ?? sql`NULL`} AS own`;
}

/** The seq of the member whom an envelope is for. */
export function memberOf(ref: string): number {
  return Number(ref.split(":")[1]);
}

/** What a message is of: of one run, on one channel, about one topic. */
export interface MessageOf {
  readonly run: number;
  readonly channel: ChannelName;
  readonly topic: string;
}

/** Where a member unsubscribes from such messages, on channels that have such a link. */
export function wayOut(ctx: Context, { run, channel, topic }: MessageOf, member: number): string | undefined {
  return factsOf(channel).unsubscribe && linkUrl(ctx, { to: "unsubscribe", run, channel, member, topic });
}

/** What a member's message may say; `offer` is what the campaign has to do with. */
export function scopeFor(
  ctx: Context,
  member: RenderMember,
  { name, offer, of }: { readonly name: string; readonly offer: OfferScope; readonly of: MessageOf },
): TemplateScope {
  const unsubscribeUrl = wayOut(ctx, of, member.seq);
  const { timeZone, ...values } = memberValues(ctx, member);
  return {
    member: { ...values, timeZone, attributes: JSON.parse(member.attributes) },
    campaign: { name },
    shop: { name: ctx.settings.shopName },
    ...offer,
    ...(unsubscribeUrl && { unsubscribeUrl }),
  };
}

/** What messages may say of a member, besides attributes. */
export function memberValues(ctx: Context, member: RenderMember): MemberValues {
  return {
    id: member.id,
    externalId: member.external_id,
    name: member.name ?? "",
    email: member.email ?? "",
    locale: member.locale,
    timeZone: member.time_zone ?? ctx.settings.shopTimeZone,
    level: member.level,
    points: member.points,
    totalSpend: member.total_spend,
    accountType: member.account_type,
    birthday: member.birthday ?? "",
  };
}

type MemberValues = Readonly<Record<string, unknown>> & { readonly timeZone: string };
