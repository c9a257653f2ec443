import { type ExternalChannelName, factsOf } from "../../channels/catalog.ts";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { footerOf } from "./footer.ts";
import { type Recipient, wayOut } from "./render.ts";
import { trackedHtml } from "./tracked-html.ts";

/**
 * What a provider gets, under `run:member`: the rendered parts, in HTML with tracked links, and the way out where the
 * channel has one. It stands at the end of each part that is read as a page, unless the author placed it there.
 */
export function envelopeFor(
  ctx: Context,
  of: { readonly run: number; readonly channel: ExternalChannelName; readonly topic: string },
  recipient: Recipient,
  rendered: Readonly<Record<string, string>>,
): Envelope {
  const { run, channel } = of;
  const at = { run, channel, member: recipient.seq };
  const unsubscribeUrl = wayOut(ctx, of, recipient.seq);
  const said = Object.values(rendered).join("\n");
  const words = unsubscribeUrl && footerOf(unsubscribeUrl, { locale: recipient.locale, said });
  const finished = ([name, text]: [string, string]): [string, string] => {
    const { html = false, footer = false } = factsOf(channel).parts[name] ?? {};
    const missing = footer && words && !text.includes(unsubscribeUrl) ? words : { html: "", text: "" };
    return [
      name,
      html ? trackedHtml(ctx, text, { at, way: unsubscribeUrl, footer: missing.html }) : ended(text, missing.text),
    ];
  };
  return {
    ref: `${run}:${recipient.seq}`,
    to: JSON.parse(recipient.addresses),
    parts: Object.fromEntries(Object.entries(rendered).map(finished)),
    ...(unsubscribeUrl && { unsubscribeUrl }),
  };
}

/** A text and what stands under it, if anything does, a line apart. */
function ended(text: string, below: string): string {
  return below === "" ? text : text.trimEnd() + below;
}
