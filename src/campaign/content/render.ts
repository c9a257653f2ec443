import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, type ExternalChannelName, factsOf } from "../../channels/catalog.ts";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { claimUrl } from "../../coupon/link/claim-link.ts";
import { addressesOf } from "../../member/consent.ts";
import type { CouponOffer } from "../action/coupon-offer.ts";
import { batchMembers, type HeldBatch } from "../delivery/batch.ts";
import { frozenContent, frozenRun } from "../run/frozen.ts";
import { type Content, partsFor } from "./content.ts";
import { linkUrl, trackLinks } from "./link.ts";
import { type Compiled, compileTemplate, type TemplateScope } from "./template.ts";

/** What a template needs of a member: the columns of {@link memberColumns}. */
export interface RenderMember {
  readonly seq: number;
  readonly id: string;
  readonly external_id: string;
  readonly email: string | null;
  readonly locale: string;
  readonly level: number;
  readonly points: number;
  readonly total_spend: number;
  readonly account_type: string;
  readonly birthday: string | null;
  readonly attributes: string;
  /** Where the run gave a coupon with a code. */
  readonly coupon_code?: string | null;
}

/** A member to be written to: the columns of {@link recipientColumns}. */
export interface Recipient extends RenderMember {
  /** JSON list of the member's addresses on the channel. */
  readonly addresses: string;
  /** When the member was erased (ms). */
  readonly deleted_at: number | null;
}

export const memberColumns = sql.raw(`m.seq, m.id, m.external_id, m.email, m.locale, m.level, m.points, m.total_spend,
  m.account_type, m.birthday, m.attributes`);

export function recipientColumns(channel: ExternalChannelName, run?: MessageFacts): SQL {
  return sql`${memberColumns}, m.deleted_at, ${addressesOf(channel)} AS addresses, ${couponCode(run)} AS coupon_code`;
}

/** The code of the coupon that a run gave to member `m`; null where it gave none, or none with a code. */
function couponCode(facts: MessageFacts | undefined): SQL {
  if (!facts || !givesCodes(facts)) return sql`NULL`;
  return sql`(SELECT c.code FROM coupon c WHERE c.member = m.seq AND c.source = ${`run/${facts.run}`} LIMIT 1)`;
}

/** Whether the run gives coupons that carry codes. */
export function givesCodes({ coupon }: Pick<MessageFacts, "coupon">): boolean {
  return coupon?.kind === "COUPON_ISSUE" && coupon.codeMode !== "NONE";
}

/** What messages of a run say, besides who reads them. */
export interface MessageFacts {
  readonly run: number;
  /** The campaign's name. */
  readonly name: string;
  readonly coupon: CouponOffer | null;
}

/** Fixed once a run has started. */
export async function messageFacts(ctx: Context, run: number): Promise<MessageFacts> {
  const [{ coupon }, row] = await Promise.all([
    frozenRun(ctx, run),
    ctx.db.first<{ name: string }>(sql`
      SELECT c.name FROM campaign c JOIN run r ON r.campaign = c.id WHERE r.id = ${run}`),
  ]);
  return { run, name: row?.name ?? "", coupon };
}

/** Renders a frozen batch: an envelope for every member, or the reason why that member's message cannot be made. */
export async function renderBatch(ctx: Context, batch: HeldBatch): Promise<Rendered> {
  const facts = await messageFacts(ctx, batch.run);
  const [members, content, frozen] = await Promise.all([
    batchMembers<Recipient>(ctx, batch, recipientColumns(batch.channel, facts)),
    frozenContent(ctx, batch.run),
    frozenRun(ctx, batch.run),
  ]);
  const templates = templatesOf(content, batch.channel);
  const envelopes: Envelope[] = [];
  const failed: { member: number; reason: string }[] = [];
  for (const member of members) {
    if (member.deleted_at !== null) {
      failed.push({ member: member.seq, reason: "ERASED" }); // between the freeze and this moment
      continue;
    }
    try {
      const parts = renderParts(templates(member.locale), scopeFor(ctx, member, facts));
      envelopes.push(envelopeFor(ctx, { run: batch.run, channel: batch.channel, topic: frozen.topic }, member, parts));
    } catch (error) {
      ctx.log("warn", "template.failed", { run: batch.run, channel: batch.channel, fault: faultName(error) });
      failed.push({ member: member.seq, reason: "TEMPLATE" });
    }
  }
  return { envelopes, failed };
}

export interface Rendered {
  readonly envelopes: readonly Envelope[];
  readonly failed: readonly { readonly member: number; readonly reason: string }[];
}

/** The seq of the member whom an envelope is for. */
export function memberOf(ref: string): number {
  return Number(ref.split(":")[1]);
}

/** The error's kind, without its text: that may quote a member's data. */
function faultName(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

export type Templates = (locale: string) => Readonly<Record<string, Compiled>>;

/** The parsed templates of a channel, each locale parsed once. */
export function templatesOf(content: Content, channel: ChannelName): Templates {
  const parsed = new Map<Readonly<Record<string, string>>, Readonly<Record<string, Compiled>>>();
  return (locale) => {
    const parts = partsFor(content, channel, locale);
    const known = parsed.get(parts);
    if (known) return known;
    const facts = factsOf(channel).parts;
    const compiled = Object.fromEntries(
      Object.entries(parts).map(([name, source]) => [name, compileTemplate(source, facts[name]?.html ?? false)]),
    );
    parsed.set(parts, compiled);
    return compiled;
  };
}

export function renderParts(
  templates: Readonly<Record<string, Compiled>>,
  scope: TemplateScope,
): Record<string, string> {
  return Object.fromEntries(Object.entries(templates).map(([name, template]) => [name, template.render(scope)]));
}

export function scopeFor(
  ctx: Context,
  member: RenderMember,
  { name, coupon }: Pick<MessageFacts, "name" | "coupon">,
): TemplateScope {
  return {
    member: {
      id: member.id,
      externalId: member.external_id,
      email: member.email ?? "",
      locale: member.locale,
      level: member.level,
      points: member.points,
      totalSpend: member.total_spend,
      accountType: member.account_type,
      birthday: member.birthday ?? "",
      attributes: JSON.parse(member.attributes),
    },
    campaign: { name },
    shop: { name: ctx.settings.shopName },
    ...(coupon && { coupon: couponScope(ctx, member, coupon) }),
  };
}

function couponScope(ctx: Context, { seq, coupon_code }: RenderMember, offer: CouponOffer): Record<string, string> {
  const { kind, name, template, linkUntil: until } = offer;
  return kind === "COUPON_INVITE"
    ? { name, claimUrl: claimUrl(ctx, { template, member: seq, until }) }
    : { name, code: coupon_code ?? "" };
}

/** What a provider gets, under `run:member`: the rendered parts, in HTML with tracked links, and the way out where the channel has one. */
export function envelopeFor(
  ctx: Context,
  { run, channel, topic }: { run: number; channel: ExternalChannelName; topic: string },
  recipient: Recipient,
  rendered: Readonly<Record<string, string>>,
): Envelope {
  const facts = factsOf(channel);
  const at = { run, channel, member: recipient.seq };
  const unsubscribeUrl = facts.unsubscribe && linkUrl(ctx, { to: "unsubscribe", ...at, topic });
  const footer = unsubscribeUrl ? `<p><a data-unsubscribe href="${unsubscribeUrl}">Unsubscribe</a></p>` : "";
  const finished = ([name, text]: [string, string]) =>
    [name, facts.parts[name]?.html ? `${trackLinks(ctx, text, at)}${footer}` : text] as const;
  return {
    ref: `${run}:${recipient.seq}`,
    to: JSON.parse(recipient.addresses),
    parts: Object.fromEntries(Object.entries(rendered).map(finished)),
    ...(unsubscribeUrl && { unsubscribeUrl }),
  };
}
