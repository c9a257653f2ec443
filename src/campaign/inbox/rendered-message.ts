import { sql } from "drizzle-orm";
import type { LocalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { codesGiven } from "../action/coupon-reward.ts";
import { memberColumns, type RenderMember, renderParts, scopeFor, templatesOf } from "../content/render.ts";
import type { TemplateScope } from "../content/template.ts";
import { frozenContent } from "../run/frozen.ts";
import { type MessageFacts, messageFacts } from "../run/message-facts.ts";
import { remembered } from "../run/remembered.ts";

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
    ctx.db.first<RenderMember>(sql`SELECT ${memberColumns} FROM member m WHERE m.seq = ${input.member}`),
    Promise.all(input.runs.map((run) => readerOf(ctx, input.channel, run))),
  ]);
  if (!member) return new Map();
  const giving = readers.filter(({ run, facts: { action } }) => action.gives?.code(run) !== undefined);
  const codes = await codesGiven(
    ctx,
    member.seq,
    giving.map(({ run }) => run),
  );
  return new Map(
    readers.map((reader) => [
      reader.run,
      textFor(ctx, reader, { ...member, coupon_code: codes.get(reader.run) ?? null }),
    ]),
  );
}

/** A run's text with its templates parsed, each locale once. */
interface Reader {
  readonly run: number;
  readonly read: (locale: string, scope: TemplateScope) => Record<string, string>;
  readonly facts: MessageFacts;
}

const knownReaders = (ctx: Context, channel: LocalChannelName) =>
  perApp(ctx, `campaign.readers.${channel}`, () => new Map<number, Promise<Reader>>());

function readerOf(ctx: Context, channel: LocalChannelName, run: number): Promise<Reader> {
  return remembered(knownReaders(ctx, channel), run, async () => {
    const [content, facts] = await Promise.all([frozenContent(ctx, run), messageFacts(ctx, run)]);
    const templates = templatesOf(content, channel);
    return { run, facts, read: (locale, scope) => renderParts(templates(locale), scope) };
  });
}

function textFor(ctx: Context, reader: Reader, member: RenderMember): RenderedMessage {
  const { name, action } = reader.facts;
  const scope = scopeFor(ctx, member, { name, coupon: action.values(ctx, member) });
  for (const locale of [member.locale, "default"]) {
    try {
      const { title = "", body = "", url = "" } = reader.read(locale, scope);
      if (title.trim() && body.trim()) return { title, body, url: url.trim() || null };
    } catch (error) {
      ctx.log("warn", "template.failed", { run: reader.run, fault: error instanceof Error ? error.name : "unknown" });
    }
  }
  return fallback(ctx, member.locale);
}

function fallback({ settings }: Context, locale: string): RenderedMessage {
  const body = locale.startsWith("zh") ? "此消息暂时无法显示。" : "This message cannot be shown at the moment.";
  return { title: settings.shopName, body, url: null };
}
