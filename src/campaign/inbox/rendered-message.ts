import { sql } from "drizzle-orm";
import { byChannel, type LocalChannelName, localNames } from "../../channels/catalog.ts";
import type { Context, Settings } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import {
  givesCodes,
  type MessageFacts,
  memberColumns,
  messageFacts,
  type RenderMember,
  renderParts,
  scopeFor,
  templatesOf,
} from "../content/render.ts";
import type { TemplateScope } from "../content/template.ts";
import { frozenContent, remembered } from "../run/frozen.ts";

/** A message of a local channel as its reader sees it: plain text, to be shown as such. */
export interface LocalText {
  readonly title: string;
  readonly body: string;
  /** Where it leads, when it leads anywhere. */
  readonly url: string | null;
}

/**
 * The texts of these runs for one member, in the member's locale and with what is known of the member now. A template that fails is
 * tried in the locale `default`, then replaced by a fixed sentence under the shop's name: never by its source, never by nothing.
 */
export async function localTexts(
  ctx: Context,
  input: { channel: LocalChannelName; member: number; runs: readonly number[] },
): Promise<ReadonlyMap<number, LocalText>> {
  if (input.runs.length === 0) return new Map();
  const [member, readers] = await Promise.all([
    ctx.db.first<RenderMember>(sql`SELECT ${memberColumns} FROM member m WHERE m.seq = ${input.member}`),
    Promise.all(input.runs.map((run) => readerOf(ctx, input.channel, run))),
  ]);
  if (!member) return new Map();
  const codes = await couponCodes(ctx, member.seq, readers);
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

const readersByApp = byChannel(localNames, () => new WeakMap<Settings, Map<number, Promise<Reader>>>());

function readerOf(ctx: Context, channel: LocalChannelName, run: number): Promise<Reader> {
  return remembered(readersByApp[channel], ctx.settings, run, async () => {
    const [content, facts] = await Promise.all([frozenContent(ctx, run), messageFacts(ctx, run)]);
    const templates = templatesOf(content, channel);
    return { run, facts, read: (locale, scope) => renderParts(templates(locale), scope) };
  });
}

/** The codes of the coupons that these runs gave the member, by run; asked of runs only that give any. */
async function couponCodes(
  ctx: Context,
  member: number,
  readers: readonly Reader[],
): Promise<ReadonlyMap<number, string>> {
  const giving = readers.filter(({ facts }) => givesCodes(facts)).map(({ run }) => `run/${run}`);
  if (giving.length === 0) return new Map();
  const found = await ctx.db.all<{ source: string; code: string | null }>(sql`
    SELECT source, code FROM coupon WHERE member = ${member} AND source IN (SELECT value FROM ${rows(giving)})`);
  return new Map(found.map(({ source, code }) => [Number(source.slice("run/".length)), code ?? ""]));
}

function textFor(ctx: Context, reader: Reader, member: RenderMember): LocalText {
  const scope = scopeFor(ctx, member, reader.facts);
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

function fallback({ settings }: Context, locale: string): LocalText {
  const body = locale.startsWith("zh") ? "此消息暂时无法显示。" : "This message cannot be shown at the moment.";
  return { title: settings.shopName, body, url: null };
}
