import { z } from "zod";
import { leadMinutes, setNoticePolicy } from "../../campaign/notice/policy.ts";
import { channelNames } from "../../channels/catalog.ts";
import { type NoticeKind, type NoticePolicy, noticePolicies } from "../../coupon/reminder/policy.ts";
import { globalId } from "../../ids.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { rowOfInput } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { ContentInput, contentOf } from "./campaign-input.ts";

const NoticeKindEnum = builder.enumType("CouponNoticeKind", {
  description: "Of what members are reminded.",
  values: {
    DROP: {
      description:
        "That a template opens: those who asked for it with `remindMe`. Caps and quiet hours do not hold it up.",
    },
    EXPIRY: {
      description:
        "That a coupon of theirs expires: everyone who holds it unused; caps and quiet hours hold, to the hour.",
    },
  } as const satisfies Record<NoticeKind, { description: string }>,
});

const Channels = z.array(z.enum(channelNames)).nullable();

const NoticePolicyType = builder.objectRef<NoticePolicy>("CouponNoticePolicy").implement({
  description: "How members are reminded. Null: what is said for all templates, else what is usual.",
  authScopes: { platform: "viewer" },
  fields: (t) => ({
    kind: t.expose("kind", { type: NoticeKindEnum, description: "Of what." }),
    templateId: t.id({
      nullable: true,
      description: "Of which template, with all its occurrences; null: all that nothing else is said of.",
      resolve: ({ template }) => (template === null ? null : globalId("CouponTemplate", template)),
    }),
    enabled: t.exposeBoolean("enabled", { description: "Whether members are reminded at all." }),
    leadMinutes: t.int({
      nullable: true,
      description: "How long before, in minutes; usual are 5 before a drop and 1,440 before an expiry.",
      resolve: ({ lead }) => lead && lead / 60_000,
    }),
    channels: t.field({
      type: [ChannelEnum],
      nullable: true,
      description:
        "In order of preference: the first that reaches a member is used. Usual are those of push, EMAIL, IN_APP.",
      resolve: ({ channels }) => Channels.parse(channels),
    }),
    content: t.field({
      type: "JSON",
      nullable: true,
      description: "Own texts in the place of the usual ones: channel → locale → parts.",
      resolve: ({ content }) => content,
    }),
  }),
});

builder.queryField("couponNoticePolicies", (t) =>
  t.field({
    type: [NoticePolicyType],
    description: "What is said of reminders; where nothing is said, members are reminded as is usual.",
    authScopes: { platform: "viewer" },
    resolve: (_root, _args, { ctx }) => noticePolicies(ctx),
  }),
);

function span(kind: NoticeKind): string {
  return `${leadMinutes[kind].from}–${leadMinutes[kind].to}`;
}

refusable("setCouponNoticePolicy", {
  description:
    "Says how members are reminded of drops or of coupons that expire, for one template or for all. The " +
    "whole of it is replaced; it counts for reminders that were not decided on yet. They go out without " +
    "further approval, so it takes an approver.",
  scopes: { platform: "approver" },
  result: NoticePolicyType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    kind: t.field({ type: NoticeKindEnum, required: true, description: "Of what." }),
    templateId: t.globalID({
      for: CouponTemplateType,
      description: "Of which template; left out, of all that nothing else is said of.",
    }),
    enabled: t.boolean({ defaultValue: true, description: "Whether members are reminded at all." }),
    leadMinutes: t.int({
      description: `How long before, in minutes: ${span("DROP")} before a drop, ${span("EXPIRY")} before an expiry.`,
    }),
    channels: t.field({ type: [ChannelEnum], description: "In order of preference, at least one." }),
    content: t.field({
      type: [ContentInput],
      description: "Texts in the place of the usual ones, by channel; `contentVariables` tells what they may say.",
    }),
  }),
  resolve: ({ templateId, content, ...input }, ctx) =>
    setNoticePolicy(ctx, {
      ...input,
      enabled: input.enabled ?? true,
      template: rowOfInput(templateId) ?? null,
      content: content ? contentOf(content) : null,
    }),
});
