import type { Announcement } from "../../campaign/announcement/draft.ts";
import { type AnnounceChoice, announceChoices } from "../../campaign/announcement/whom.ts";
import type { ChannelName } from "../../channels/catalog.ts";
import { ContentInput, contentOf } from "../campaign/campaign-input.ts";
import { builder, type Types } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { enumOf } from "../kit/enum.ts";

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const AnnounceEnum = enumOf(
  "AnnounceChoice",
  "Whom to tell of a promotion.",
  Object.keys(announceChoices) as AnnounceChoice[],
  (choice) => announceChoices[choice],
);

const AnnouncementInput = builder.inputType("AnnouncementInput", {
  description:
    "How a promotion is announced. Its texts are Liquid templates, and may use `promotion.name`, `.window`, `.tiers` " +
    "and whatever else campaigns that announce promotions may. What is not said the house says, in English and " +
    "Chinese.",
  fields: (t) => ({
    title: t.string({ description: "Its title; the promotion's name unless given." }),
    body: t.string({ description: "What it says, plain text; terms and window in the house's words unless given." }),
    content: t.field({
      type: [ContentInput],
      description: "All of it, by channel and language, instead of title and body.",
    }),
    channels: t.field({
      type: [ChannelEnum],
      description: "On which channels; those of `content`, else IN_APP, unless given.",
    }),
  }),
});

/** What enabling or changing a promotion may say of telling of it. */
export const announceFields = (t: Fields, unless: string) => ({
  announce: t.field({ type: AnnounceEnum, description: `Whom to tell: ${unless}.` }),
  announcement: t.field({ type: AnnouncementInput, description: "How to announce it." }),
});

interface Said {
  readonly announce?: AnnounceChoice | null | undefined;
  readonly announcement?: typeof AnnouncementInput.$inferInput | null | undefined;
}

/** The same in the domain's words. */
export function announcingOf({ announce, announcement }: Said): {
  readonly announce: AnnounceChoice | undefined;
  readonly announcement: Announcement | undefined;
} {
  return { announce: announce ?? undefined, announcement: announcement ? howOf(announcement) : undefined };
}

function howOf({ title, body, content, channels }: typeof AnnouncementInput.$inferInput): Announcement {
  return {
    title: title ?? undefined,
    body: body ?? undefined,
    content: content ? contentOf(content) : undefined,
    channels: (channels as ChannelName[] | null | undefined) ?? undefined,
  };
}

export const key = (t: Fields) => ({
  idempotencyKey: t.string({
    description: "Your name for this request, 1–200 characters: sent again within 48 h, it answers the same again.",
  }),
});
