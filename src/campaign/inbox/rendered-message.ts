import { sql } from "drizzle-orm";
import { factsOf, type LocalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { prepared, type Statement } from "../../db/statement.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { perApp } from "../../memory.ts";
import { type PlainMessage, plainMessage } from "../content/plain-message.ts";
import { memberValues, type RenderMember, readerColumns, scopeFor } from "../content/render.ts";
import { type Budget, readerBudget } from "../content/render-budget.ts";
import { renderParts, type Templates } from "../content/rendition.ts";
import { type Uses, usesOfAll } from "../content/uses.ts";
import { runTemplates } from "../run/frozen.ts";
import { type MessageFacts, messageFacts } from "../run/message-facts.ts";
import { remembered } from "../run/remembered.ts";
import { type RenderedMessage, textsOfReader } from "./kept-texts.ts";

export type { RenderedMessage };

/**
 * The texts of these runs for one member, in the member's locale and with what is known of the member now. A template
 * that fails is tried in the locale `default`, then replaced by a fixed sentence under the shop's name: never by its
 * source, never by nothing.
 */
export async function renderedMessages(
  ctx: Context,
  input: { channel: LocalChannelName; member: number; runs: readonly number[] },
): Promise<ReadonlyMap<number, RenderedMessage>> {
  if (input.runs.length === 0) return new Map();
  const member = await ctx.db.first<RenderMember>(readerNow({ member: input.member }));
  return member ? textsFor(ctx, { ...input, member }) : new Map();
}

const readerNow = prepared<{ member: number }>(
  (it) => sql`SELECT ${readerColumns()} FROM member m WHERE m.seq = ${it.member}`,
);

/** The same for a member who has just been read. */
export async function textsFor(
  ctx: Context,
  { channel, member, runs }: { channel: LocalChannelName; member: RenderMember; runs: readonly number[] },
): Promise<ReadonlyMap<number, RenderedMessage>> {
  const found = runs.map((run) => readerOf(ctx, channel, run));
  const readers = areThere(found) ? found : await Promise.all(found);
  const values = memberValues(ctx, member);
  const shop = { name: ctx.settings.shopName };
  const texts = new Map<number, RenderedMessage>();
  const rest: Reader[] = [];
  for (const reader of readers) {
    const campaign = { name: reader.facts.name };
    const parts = plainIn(ctx, reader, member.locale)?.({ member: values, campaign, shop });
    if (parts) texts.set(reader.run, textOf(parts));
    else rest.push(reader);
  }
  if (rest.length > 0) await render(ctx, rest, { channel, member }, texts);
  return texts;
}

function areThere(readers: readonly MaybePromise<Reader>[]): readers is readonly Reader[] {
  return !readers.some((reader) => reader instanceof Promise);
}

/** Texts for which the engine is asked, unless it was for the same before. */
async function render(
  ctx: Context,
  readers: readonly Reader[],
  { channel, member }: Pick<Reading, "channel" | "member">,
  texts: Map<number, RenderedMessage>,
): Promise<void> {
  const owned = await ownOf(ctx, member.seq, readers);
  const kept = textsOfReader(ctx, channel, member, owned);
  const budget = readerBudget();
  for (const reader of readers) {
    const { run } = reader;
    const uses = usesIn(reader, member.locale);
    const known = uses && kept.get(run, uses);
    const own = { ...member, own: owned.get(run) ?? null };
    const keep = (text: RenderedMessage) => uses && kept.keep(run, uses, text);
    texts.set(run, known ?? (await textFor(ctx, reader, { channel, member: own, budget, keep })));
  }
}

/** What is the member's own of what these runs offer, JSON by run. */
async function ownOf(ctx: Context, member: number, readers: readonly Reader[]): Promise<ReadonlyMap<number, string>> {
  const asked = readers.flatMap(({ own }) => (own ? [own({ member })] : []));
  if (asked.length === 0) return new Map();
  const all = { sql: asked.map((each) => each.sql).join(" UNION ALL "), args: asked.flatMap(({ args }) => args) };
  const found = await ctx.db.all<{ run: number; own: string | null }>(all);
  return new Map(found.map(({ run, own }) => [run, own ?? "{}"]));
}

/** A run's text with its templates parsed, each locale once; read once a process, for it never changes. */
interface Reader {
  readonly run: number;
  readonly channel: LocalChannelName;
  readonly templates: Templates;
  readonly facts: MessageFacts;
  /** How its parts in a language are put together without the engine, where they say no more than names. */
  readonly plain: Map<Parts, PlainMessage | undefined>;
  /** What they use. */
  readonly uses: Map<Parts, Uses | undefined>;
  /** Asks what is a member's own of what it offers. */
  readonly own: ((values: { member: number }) => Statement) | undefined;
}

type Parts = ReturnType<Templates>;

const readers = (ctx: Context, channel: LocalChannelName) =>
  perApp(ctx, `campaign.readers.${channel}`, () => new Map<number, MaybePromise<Reader>>());

function readerOf(ctx: Context, channel: LocalChannelName, run: number): MaybePromise<Reader> {
  return remembered(readers(ctx, channel), run, async () => {
    const [templates, facts] = await Promise.all([runTemplates(ctx, run, channel), messageFacts(ctx, run)]);
    const own = facts.action.own(run);
    const ask =
      own &&
      prepared<{ member: number }>(
        (it) => sql`
      SELECT ${run} AS run, ${own} AS own FROM member m WHERE m.seq = ${it.member}`,
      );
    return { run, channel, templates, facts, plain: new Map(), uses: new Map(), own: ask };
  });
}

function plainIn(ctx: Context, { channel, templates, plain }: Reader, locale: string): PlainMessage | undefined {
  const parts = templates(locale);
  if (!plain.has(parts)) plain.set(parts, plainMessage(ctx, channel, parts));
  return plain.get(parts);
}

function usesIn({ templates, uses }: Reader, locale: string): Uses | undefined {
  const parts = templates(locale);
  if (!uses.has(parts)) uses.set(parts, usesOfAll(Object.values(parts).map((each) => each.uses())));
  return uses.get(parts);
}

/** What a member reads, and what it may cost together with the other messages that are read. */
interface Reading {
  readonly channel: LocalChannelName;
  readonly member: RenderMember;
  readonly budget: Budget;
  /** Told its text where there is no fault in it. */
  keep(text: RenderedMessage): void;
}

async function textFor(
  ctx: Context,
  { run, templates, facts: { name, action } }: Reader,
  { channel, member, budget, keep }: Reading,
): Promise<RenderedMessage> {
  const of = { run, channel, topic: "" };
  const scope = scopeFor(ctx, member, { name, offer: action.values(ctx, member, run), of });
  const to = { ...member, transactional: false };
  for (const locale of [member.locale, "default"]) {
    const { parts, faults } = await renderParts(ctx, templates(locale), { channel, scope, budget, to });
    const isStray = (part: string) => factsOf(channel).parts[part]?.url === true;
    const fault = faults.find(({ part }) => !isStray(part)) ?? faults[0];
    if (fault)
      ctx.log("warn", "template.failed", { run, channel, reason: fault.reason, place: `${fault.part}${fault.place}` });
    // A link that must not be opened is left out; what the message says is good without it.
    if (fault && !isStray(fault.part)) continue;
    const text = textOf(fault ? { ...parts, url: "" } : parts);
    if (!fault && locale === member.locale) keep(text);
    return text;
  }
  return fallback(ctx, member.locale);
}

function textOf({ title = "", body = "", url = "" }: Readonly<Record<string, string>>): RenderedMessage {
  return { title, body, url: url || null };
}

function fallback({ settings }: Context, locale: string): RenderedMessage {
  const body = locale.startsWith("zh") ? "此消息暂时无法显示。" : "This message cannot be shown at the moment.";
  return { title: settings.shopName, body, url: null };
}
