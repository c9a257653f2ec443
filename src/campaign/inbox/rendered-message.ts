import { sql } from "drizzle-orm";
import { factsOf, type LocalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { prepared, type Statement } from "../../db/statement.ts";
import { perApp } from "../../memory.ts";
import { type RenderMember, readerColumns, scopeFor } from "../content/render.ts";
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
  const readers = await Promise.all(runs.map((run) => readerOf(ctx, channel, run)));
  const owned = await ownOf(ctx, member.seq, readers);
  const kept = textsOfReader(ctx, channel, member, owned);
  const budget = readerBudget();
  const texts = new Map<number, RenderedMessage>();
  for (const reader of readers) {
    const { run } = reader;
    const uses = usesIn(reader, member.locale);
    const known = uses && kept.get(run, uses);
    const own = { ...member, own: owned.get(run) ?? null };
    const keep = (text: RenderedMessage) => uses && kept.keep(run, uses, text);
    texts.set(run, known ?? (await textFor(ctx, reader, { channel, member: own, budget, keep })));
  }
  return texts;
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
  readonly templates: Templates;
  readonly facts: MessageFacts;
  /** What its parts in a language use. */
  readonly uses: Map<ReturnType<Templates>, Uses | undefined>;
  /** Asks what is a member's own of what it offers. */
  readonly own: ((values: { member: number }) => Statement) | undefined;
}

const readers = (ctx: Context, channel: LocalChannelName) =>
  perApp(ctx, `campaign.readers.${channel}`, () => new Map<number, Promise<Reader>>());

function readerOf(ctx: Context, channel: LocalChannelName, run: number): Promise<Reader> {
  return remembered(readers(ctx, channel), run, async () => {
    const [templates, facts] = await Promise.all([runTemplates(ctx, run, channel), messageFacts(ctx, run)]);
    const own = facts.action.own(run);
    const ask =
      own &&
      prepared<{ member: number }>(
        (it) => sql`
      SELECT ${run} AS run, ${own} AS own FROM member m WHERE m.seq = ${it.member}`,
      );
    return { run, templates, facts, uses: new Map(), own: ask };
  });
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
  const scope = scopeFor(ctx, member, { name, offer: action.values(ctx, member), of });
  const to = { ...member, transactional: false };
  for (const locale of [member.locale, "default"]) {
    const { parts, faults } = await renderParts(ctx, templates(locale), { channel, scope, budget, to });
    const isStray = (part: string) => factsOf(channel).parts[part]?.url === true;
    const fault = faults.find(({ part }) => !isStray(part)) ?? faults[0];
    if (fault)
      ctx.log("warn", "template.failed", { run, channel, reason: fault.reason, place: `${fault.part}${fault.place}` });
    const { title = "", body = "", url = "" } = parts;
    // A link that must not be opened is left out; what the message says is good without it.
    if (fault && !isStray(fault.part)) continue;
    const text = { title, body, url: fault ? null : url || null };
    if (!fault && locale === member.locale) keep(text);
    return text;
  }
  return fallback(ctx, member.locale);
}

function fallback({ settings }: Context, locale: string): RenderedMessage {
  const body = locale.startsWith("zh") ? "此消息暂时无法显示。" : "This message cannot be shown at the moment.";
  return { title: settings.shopName, body, url: null };
}
