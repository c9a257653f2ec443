import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { readHtml } from "./html-reading.ts";
import { linkUrl } from "./link.ts";

/** Whose message it is. */
export interface MessageKey {
  readonly run: number;
  readonly channel: ChannelName;
  readonly member: number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Links of one message that are followed; what comes after them is as it was written. */
const mostTracked = 500;
/** Schemes of links that run a program where they are read. */
const running = /^(javascript|vbscript|data):$/;

/**
 * HTML as it is sent: its `http(s)` links go through the redirect that counts clicks, links that would run a program
 * lead nowhere, and `footer` stands at the end of its body. The member's own way out, where the author placed it, stays
 * as it is.
 */
export function trackedHtml(
  ctx: Context,
  html: string,
  { at, way, footer }: { readonly at: MessageKey; readonly way: string | undefined; readonly footer: string },
): string {
  const { hrefs, end } = readHtml(html);
  let left = mostTracked;
  const edits = hrefs.flatMap(({ start, end, value }): Edit[] => {
    const target = value === way ? null : URL.parse(value.trim());
    if (target && running.test(target.protocol)) return [{ start, end, text: 'href="#"' }];
    if (!target || !/^https?:$/.test(target.protocol) || left-- <= 0) return [];
    return [{ start, end, text: `href="${linkUrl(ctx, { to: "url", ...at, url: target.href })}"` }];
  });
  return edited(
    html,
    [...edits, { start: end, end, text: footer }].sort((one, other) => one.start - other.start),
  );
}

/** A text with changes made that lie one after another. */
function edited(text: string, edits: readonly Edit[]): string {
  let done = 0;
  const pieces = edits.map(({ start, end, text: put }) => {
    const kept = text.slice(done, start);
    done = end;
    return kept + put;
  });
  return pieces.join("") + text.slice(done);
}
