import type { ChannelName } from "../../channels/catalog.ts";
import type { AudienceChoice } from "../../member/audience-choice.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import type { Content } from "../content/content.ts";
import { houseContent } from "../content/house-texts.ts";
import { messageParts } from "../content/message-parts.ts";
import type { NewCampaign } from "../draft/campaign.ts";

/**
 * What an operator may say of how a promotion is announced. Texts are Liquid, and may use the promotion's variables.
 */
export interface Announcement {
  /** The promotion's name unless given. */
  readonly title?: string | undefined;
  /** Plain text; the house's text, which says terms and window, unless given. */
  readonly body?: string | undefined;
  /** All of it, by channel and language, instead of title and body. */
  readonly content?: Content | undefined;
  /** Those of `content`, else IN_APP, unless given. */
  readonly channels?: readonly ChannelName[] | undefined;
}

/**
 * The campaign that tells of a promotion: at its start when that lies ahead, and never after its end. What it says is
 * made of variables, so that it says what the promotion promises in the moment when it begins.
 */
export function announcementDraft(
  promotion: Promotion,
  { announcement, audience, now }: { announcement: Announcement; audience: AudienceChoice; now: number },
): NewCampaign {
  const channels = [...(announcement.channels ?? channelsOf(announcement.content))];
  return {
    shop: promotion.shop,
    name: promotion.name,
    promotion: promotion.id,
    audience,
    channels,
    content: announcement.content ?? contentOf(channels, announcement),
    startsAt: promotion.startsAt > now ? promotion.startsAt : null,
    endsAt: promotion.endsAt,
  };
}

function channelsOf(content: Content | undefined): readonly ChannelName[] {
  const named = Object.keys(content ?? {}) as ChannelName[];
  return named.length > 0 ? named : ["IN_APP"];
}

const itsName = "{{ promotion.name }}";

/** The operator's own words are said to everyone; with a title alone it stands where the house says the name. */
function contentOf(channels: readonly ChannelName[], { title, body }: Announcement): Content {
  if (body === undefined) return title === undefined ? house(channels) : entitled(house(channels), title);
  const text = { title: title ?? itsName, text: body, html: inHtml(body), url: "{{ promotion.link }}" };
  return Object.fromEntries(
    channels.map((channel) => [channel, { default: htmlTitled(messageParts(channel, text), title) }]),
  );
}

const house = (channels: readonly ChannelName[]) => houseContent("PROMOTION", channels);

function entitled(content: Content, title: string): Content {
  const parts = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [
        name,
        text.replaceAll(itsName, () => (name === "html" ? inHtml(title) : title)),
      ]),
    );
  const locales = (each: Content[ChannelName]) =>
    Object.fromEntries(Object.entries(each ?? {}).map(([locale, texts]) => [locale, parts(texts)]));
  return Object.fromEntries(Object.entries(content).map(([channel, each]) => [channel, locales(each)]));
}

function htmlTitled(parts: Record<string, string>, title: string | undefined): Record<string, string> {
  const { html } = parts;
  if (html === undefined || title === undefined) return parts;
  return { ...parts, html: html.replace(`<h1>${title}</h1>`, () => `<h1>${inHtml(title)}</h1>`) };
}

/** Plain text for a page: what is not Liquid is escaped, and what Liquid says is escaped where it is rendered. */
function inHtml(text: string): string {
  return text
    .split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/)
    .map((piece, i) => (i % 2 === 1 ? piece : Bun.escapeHTML(piece)))
    .join("");
}
