import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, type ExternalChannelName, factsOf } from "../../channels/catalog.ts";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { addressesOf } from "../../member/consent.ts";
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

/** `code`: an expression over member `m` for the code that the run gave, where it gives any. */
export function recipientColumns(channel: ExternalChannelName, code: SQL = sql`NULL`): SQL {
  return sql`${memberColumns}, m.deleted_at, ${addressesOf(channel)} AS addresses, ${code} AS coupon_code`;
}

/** The seq of the member whom an envelope is for. */
export function memberOf(ref: string): number {
  return Number(ref.split(":")[1]);
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

/** What a member's message may say; `coupon` where the campaign has to do with one. */
export function scopeFor(
  ctx: Context,
  member: RenderMember,
  { name, coupon }: { readonly name: string; readonly coupon: TemplateScope["coupon"] },
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
    ...(coupon && { coupon }),
  };
}

/**
 * What a provider gets, under `run:member`: the rendered parts, in HTML with tracked links, and the way out where the
 * channel has one.
 */
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
