import { type Campaign, campaignsById, countCampaigns, listCampaigns } from "../../campaign/draft/campaign.ts";
import { campaignStates } from "../../campaign/state.ts";
import type { ChannelName } from "../../channels/catalog.ts";
import { globalId } from "../../ids.ts";
import { segmentsById } from "../../member/segment.ts";
import { fromFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { listArgs, listedOf } from "../kit/list-order.ts";
import { shopArgs, shopOfThing } from "../kit/shop.ts";
import { SegmentType } from "../member/segment.ts";
import { historyField } from "../transition/history.ts";
import { CampaignKindEnum } from "./coupon-figures.ts";
import { LocalTimeType } from "./local-time.ts";

const viewers = { role: "viewer" } as const;

const stateWords: Readonly<Record<(typeof campaignStates)[number], string>> = {
  DRAFT: "Being written: nobody is reached by it.",
  IN_REVIEW: "Waits for someone who wrote none of it.",
  APPROVED: "May be launched, whatever its size.",
  ACTIVE: "Launched: it sends, or will at its start.",
  PAUSED: "Sending stands still until someone resumes it.",
  ENDED: "Everything that it had to send is done.",
  CANCELLED: "Ended before its time; what was not sent never will be.",
};

export const CampaignStateEnum = enumOf(
  "CampaignState",
  "Where a campaign is in its life.",
  campaignStates,
  (state) => stateWords[state],
);

export const ReachEnum = builder.enumType("Reach", {
  description: "What several channels mean.",
  values: {
    EACH: { description: "A message on every channel." },
    FIRST_REACHABLE: { description: "One message, on the first channel of the list that reaches the member." },
  } as const,
});

export const AudienceType = builder.objectRef<Campaign["audience"]>("CampaignAudience").implement({
  description: "Whom a campaign or a promotion is for: one of these.",
  authScopes: viewers,
  fields: (t) => ({
    everyone: t.boolean({ description: "Every member.", resolve: (choice) => "everyone" in choice }),
    filter: t.field({
      type: "JSON",
      nullable: true,
      description: "Members whom this filter selects, in the form of `AudienceFilter`.",
      resolve: (choice) => ("filter" in choice ? fromFilter(choice.filter) : null),
    }),
    segment: t.loadable({
      type: SegmentType,
      nullable: true,
      description: "Members of this segment; null, too, when it was deleted since.",
      resolve: (choice) => ("segment" in choice ? choice.segment : null),
      load: async (ids: number[], { ctx }) => (await segmentsById(ctx, ids)).map((segment) => segment ?? null),
    }),
  }),
});

interface Message {
  readonly channel: ChannelName;
  readonly locale: string;
  readonly parts: readonly { readonly name: string; readonly text: string }[];
}

export const PartType = builder.objectRef<Message["parts"][number]>("ContentPart").implement({
  description: "One part of a message.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.exposeString("name", {
      description: "Its name on its channel, e.g. `subject`; of a provider's template, `template` and `template.1`.",
    }),
    text: t.exposeString("text", { description: "Its template, or where it is a preview, what came of it." }),
  }),
});

export const MessageType = builder.objectRef<Message>("Content").implement({
  description: "A message on one channel in one language.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    locale: t.exposeString("locale", { description: "Language tag, or `default`." }),
    parts: t.expose("parts", { type: [PartType], description: "Its parts, each a Liquid template." }),
  }),
});

export function messagesOf({ content, channels }: Pick<Campaign, "content" | "channels">): Message[] {
  const order = [
    ...channels,
    ...Object.keys(content).filter((name): name is ChannelName => !channels.some((c) => c === name)),
  ];
  return order.flatMap((channel) =>
    Object.entries(content[channel] ?? {}).map(([locale, parts]) => ({ channel, locale, parts: partsOf(parts) })),
  );
}

export function partsOf(parts: Readonly<Record<string, string>>): Message["parts"] {
  return Object.entries(parts).map(([name, text]) => ({ name, text }));
}

export const CampaignType = builder.node(builder.objectRef<Campaign>("Campaign"), {
  description: "One message and how it reaches members.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => campaignsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    number: t.exposeInt("id", { description: "Its number, as logs name it." }),
    shop: t.exposeString("shop", { description: shopOfThing }),
    name: t.exposeString("name", { description: "Its name, 1–200 characters; templates read it as `campaign.name`." }),
    kind: t.expose("kind", { type: CampaignKindEnum, description: "What it does." }),
    couponTemplateId: t.field({
      type: "ID",
      nullable: true,
      description: "Of which coupons it gives or invites to claim.",
      resolve: ({ couponTemplate }) => (couponTemplate === null ? null : globalId("CouponTemplate", couponTemplate)),
    }),
    state: t.expose("state", { type: CampaignStateEnum, description: "Where it is in its life." }),
    topic: t.exposeString("topic", { description: "What it is about, 1–60 characters; consent may depend on it." }),
    audience: t.expose("audience", { type: AudienceType, description: "Whom it is for." }),
    channels: t.field({
      type: [ChannelEnum],
      description: "How it reaches them, in order of preference; none where coupons are given without a word.",
      resolve: ({ channels }) => [...channels],
    }),
    reach: t.expose("reach", { type: ReachEnum, description: "What several channels mean." }),
    content: t.field({ type: [MessageType], description: "What it says.", resolve: messagesOf }),
    transactional: t.exposeBoolean("transactional", {
      description: "Whether frequency caps and quiet hours spare it.",
    }),
    popupPriority: t.exposeInt("popupPriority", {
      description: "Which popup is shown first, −1000–1000; the highest is.",
    }),
    startsAt: t.expose("startsAt", {
      type: "DateTime",
      nullable: true,
      description: "When it starts; null: when launched.",
    }),
    endsAt: t.expose("endsAt", {
      type: "DateTime",
      nullable: true,
      description: "From then on nothing is sent any more.",
    }),
    localTime: t.expose("localTime", {
      type: LocalTimeType,
      nullable: true,
      description: "Members are reached when their own clocks show the time; null: all at one moment.",
    }),
    author: t.exposeString("author", { description: "Who made it." }),
    approver: t.exposeString("approver", { nullable: true, description: "Who approved it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last changed." }),
    history: t.field(historyField("campaign")),
  }),
});

connectionField("Query", "campaigns", CampaignType, {
  description: "Campaigns.",
  scopes: viewers,
  args: (arg) => ({
    state: arg({ type: CampaignStateEnum, description: "Only those in this state." }),
    ...shopArgs(arg),
    ...listArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { state, shop, after, limit, ...listed }) =>
    listCampaigns(ctx, { ...listedOf(listed), after, limit, state: state ?? undefined, shop: shop ?? undefined }),
  count: (ctx, { state, shop, ...listed }) =>
    countCampaigns(ctx, { ...listedOf(listed), state: state ?? undefined, shop: shop ?? undefined }),
});

builder.queryField("campaign", (t) =>
  t.field({
    type: CampaignType,
    nullable: true,
    description: "A campaign; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: CampaignType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await campaignsById(ctx, [toRowId(id.id)]))[0],
  }),
);
