import { sql } from "drizzle-orm";
import { factsOf, type LocalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { type RenderMember, readerColumns, scopeFor } from "../content/render.ts";
import { type Budget, readerBudget } from "../content/render-budget.ts";
import { renderParts, type Templates } from "../content/rendition.ts";
import { runTemplates } from "../run/frozen.ts";
import { type MessageFacts, messageFacts } from "../run/message-facts.ts";

/** A message of a local channel as its reader sees it: plain text, to be shown as such. */
export interface RenderedMessage {
  readonly title: string;
  readonly body: string;
  /** Where it leads, when it leads anywhere. */
  readonly url: string | null;
}

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
  const [member, readers] = await Promise.all([
    ctx.db.first<RenderMember>(sql`SELECT ${readerColumns()} FROM member m WHERE m.seq = ${input.member}`),
    Promise.all(input.runs.map((run) => readerOf(ctx, input.channel, run))),
  ]);
  if (!member) return new Map();
  const owned = await ownOf(ctx, member.seq, readers);
  const budget = readerBudget();
  const texts = new Map<number, RenderedMessage>();
  for (const reader of readers) {
    const own = { ...member, own: owned.get(reader.run) ?? null };
    texts.set(reader.run, await textFor(ctx, reader, { channel: input.channel, member: own, budget }));
  }
  return texts;
}

/** What is the member's own of what these runs offer, JSON by run. */
async function ownOf(ctx: Context, member: number, readers: readonly Reader[]): Promise<ReadonlyMap<number, string>> {
  const asked = readers.flatMap(({ run, facts: { action } }) => {
    const own = action.own(run);
    return own ? [sql`SELECT ${run} AS run, ${own} AS own FROM member m WHERE m.seq = ${member}`] : [];
  });
  if (asked.length === 0) return new Map();
  const found = await ctx.db.all<{ run: number; own: string | null }>(sql.join(asked, sql` UNION ALL `));
  return new Map(found.map(({ run, own }) => [run, own ?? "{}"]));
}

/** A run's text with its templates parsed, each locale once. */
interface Reader {
  readonly run: number;
  readonly templates: Templates;
  readonly facts: MessageFacts;
}

async function readerOf(ctx: Context, channel: LocalChannelName, run: number): Promise<Reader> {
  const [templates, facts] = await Promise.all([runTemplates(ctx, run, channel), messageFacts(ctx, run)]);
  return { run, templates, facts };
}

/** What a member reads, and what it may cost together with the other messages that are read. */
interface Reading {
  readonly channel: LocalChannelName;
  readonly member: RenderMember;
  readonly budget: Budget;
}

async function textFor(
  ctx: Context,
  { run, templates, facts: { name, action } }: Reader,
  { channel, member, budget }: Reading,
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
    if (!fault || isStray(fault.part)) return { title, body, url: fault ? null : url || null };
  }
  return fallback(ctx, member.locale);
}

function fallback({ settings }: Context, locale: string): RenderedMessage {
  const body = locale.startsWith("zh") ? "此消息暂时无法显示。" : "This message cannot be shown at the moment.";
  return { title: settings.shopName, body, url: null };
}
