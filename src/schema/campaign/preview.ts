import { skipText } from "../../campaign/action/index.ts";
import { type Preview, previewContent } from "../../campaign/rehearsal/preview.ts";
import type { MessageSize } from "../../campaign/rehearsal/rehearse.ts";
import { requestTestSend } from "../../campaign/rehearsal/test-send.ts";
import { externalNames } from "../../channels/catalog.ts";
import { isRefusal } from "../../errors.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberFields, memberNamed } from "../member/member-key.ts";
import { CampaignType, PartType, partsOf } from "./campaign-type.ts";

const viewers = { role: "viewer" } as const;

const MessageSizeType = builder.objectRef<MessageSize>("MessageSize").implement({
  description: "What a text message is sent as. It is paid for by the segment.",
  authScopes: viewers,
  fields: (t) => ({
    segments: t.exposeInt("segments", {
      description: "Segments: one of 160 signs, or several of 153; UCS-2: 70 and 67.",
    }),
    encoding: t.exposeString("encoding", {
      description: "GSM-7, or UCS-2 where one of its signs is not in GSM-7, e.g. 你 or an emoji.",
    }),
    price: t.exposeFloat("price", {
      nullable: true,
      description: "What it costs, in units of `currency`; null unless the installation says what a segment costs.",
    }),
    currency: t.exposeString("currency", { nullable: true, description: "ISO 4217." }),
  }),
});

const PreviewType = builder.objectRef<Preview>("ContentPreview").implement({
  description: "A campaign's message as one member would get it now.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    locale: t.exposeString("locale", { description: "Of the content that was chosen for the member." }),
    parts: t.field({ type: [PartType], description: "Its rendered parts.", resolve: ({ parts }) => partsOf(parts) }),
    size: t.expose("size", {
      type: MessageSizeType,
      nullable: true,
      description: "Of a text message: what it is sent as; null on other channels, and of a provider's template.",
    }),
    skipped: t.string({
      nullable: true,
      description: "Why it would not be sent to this member now; null when it would.",
      resolve: ({ skip }) => (skip === null ? null : skipText(skip)),
    }),
  }),
});

builder.queryField("previewContent", (t) =>
  t.field({
    type: PreviewType,
    description:
      "Renders a campaign's content for a member. Links that act for the member, to claim or to unsubscribe, do not " +
      "work here. Nothing is sent.",
    authScopes: viewers,
    args: {
      campaignId: t.arg.globalID({ for: CampaignType, required: true, description: "Which campaign." }),
      ...memberArgs(t.arg),
      channel: t.arg({ type: ChannelEnum, required: true, description: "On which channel." }),
    },
    resolve: async (_root, { campaignId, channel, ...named }, { ctx }) => {
      const member = unwrap(await memberNamed(ctx, named));
      return unwrap(await previewContent(ctx, { campaign: toRowId(campaignId.id), member, channel }));
    },
  }),
);

refusable("testSend", {
  description:
    "Sends a campaign's content to one member through its channel, outside any run: it is in no ledger " +
    "and no sum. Consent holds for it, too.",
  scopes: { role: "editor" },
  result: PreviewType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    campaignId: t.globalID({ for: CampaignType, required: true, description: "Which campaign, in any state." }),
    ...memberFields(t),
    channel: t.field({
      type: ChannelEnum,
      required: true,
      description: `On which channel: one of ${externalNames.join(", ")}.`,
    }),
  }),
  resolve: async ({ campaignId, channel, ...named }, ctx) => {
    const member = await memberNamed(ctx, named);
    if (isRefusal(member)) return member;
    return requestTestSend(ctx, { campaign: toRowId(campaignId.id), member, channel });
  },
});
