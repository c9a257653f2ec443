import type { ChannelName } from "../../channels/catalog.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import type { Content } from "../content/content.ts";
import { literal, messageParts } from "../content/message-parts.ts";
import type { CampaignDraft } from "../draft/campaign.ts";

/** What an operator may say of how a promotion is announced. */
export interface Announcement {
  /** The promotion's name unless given. */
  readonly title?: string | undefined;
  /** The promotion's remark, else its name, unless given. Plain text. */
  readonly body?: string | undefined;
  /** IN_APP unless given. */
  readonly channels?: readonly ChannelName[] | undefined;
}

/** The campaign that tells everyone of a promotion: at its start when that lies ahead, and never after its end. */
export function announcementDraft(promotion: Promotion, announcement: Announcement, now: number): CampaignDraft {
  const channels = [...(announcement.channels ?? (["IN_APP"] as const))];
  return {
    name: announcement.title ?? promotion.name,
    promotion: promotion.id,
    audience: { everyone: true },
    channels,
    content: contentOf(channels, announcement.body ?? (promotion.remark || promotion.name)),
    startsAt: promotion.startsAt > now ? promotion.startsAt : null,
    endsAt: promotion.endsAt,
  };
}

/** The title is the campaign's name, read by the template: so no text of an operator's becomes a template. */
const title = "{{ campaign.name }}";

function contentOf(channels: readonly ChannelName[], body: string): Content {
  const message = { title, text: literal(body), html: literal(Bun.escapeHTML(body)) };
  return Object.fromEntries(channels.map((channel) => [channel, { default: messageParts(channel, message) }]));
}
