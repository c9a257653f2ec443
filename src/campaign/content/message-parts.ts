import { type ChannelName, factsOf } from "../../channels/catalog.ts";

/** What is to be said on any channel; each is a Liquid template. */
export interface PlainMessage {
  readonly title: string;
  readonly text: string;
  /** The text for a page. */
  readonly html: string;
  /** Where it leads, on channels that lead anywhere. */
  readonly url?: string | undefined;
}

/** The message in the parts of a channel. */
export function messageParts(channel: ChannelName, message: PlainMessage): Record<string, string> {
  const parts = Object.keys(factsOf(channel).parts).map((part) => [part, partOf(channel, part, message)] as const);
  return Object.fromEntries(parts.flatMap(([part, source]) => (source === undefined ? [] : [[part, source]])));
}

function partOf(channel: ChannelName, part: string, { title, text, html, url }: PlainMessage): string | undefined {
  switch (part) {
    case "title":
    case "subject":
      return title;
    case "body":
      return text;
    case "text":
      return `${title}: ${text}`;
    case "html":
      return `<h1>${title}</h1><p>${html}</p>`;
    case "url":
      return url;
    default:
      throw new Error(`say what the part ${part} of ${channel} is in a plain message`);
  }
}

/** Text that Liquid shows as it is. */
export function literal(text: string): string {
  return text.replace(/\{[{%]/g, (open) => `{{ '${open}' }}`);
}
