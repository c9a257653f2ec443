import type { UploadFacts } from "../../distribution/upload.ts";
import { createUploadAddress, type UploadAddress } from "../../distribution/upload-address.ts";
import { ContentInput, contentOf } from "../campaign/campaign-input.ts";
import { ReachEnum } from "../campaign/campaign-type.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { HeadingInput } from "../member/import.ts";
import { DistributionType } from "./distribution-type.ts";

const editors = { role: "editor" } as const;

const UploadType = builder.objectRef<UploadAddress>("DistributionUpload").implement({
  description: "An address to which one file may be sent, without other credentials.",
  authScopes: editors,
  fields: (t) => ({
    url: t.exposeString("url", {
      description: "PUT or POST the bare file there; the answer is the distribution, as JSON. Keep it to yourself.",
    }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", description: "Until when the file may begin to come." }),
  }),
});

const NoticeInput = builder.inputType("DistributionNoticeInput", {
  description: "How those are told who get a coupon.",
  fields: (t) => ({
    channels: t.field({ type: [ChannelEnum], required: true, description: "In order of preference." }),
    topic: t.string({ description: "What it is about, 1–60 characters; `coupons` unless given." }),
    reach: t.field({ type: ReachEnum, description: "What several channels mean; `EACH` unless given." }),
    content: t.field({ type: [ContentInput], description: "What it says; the house's words where it says nothing." }),
  }),
});

function noticeOf({ channels, topic, reach, content }: typeof NoticeInput.$inferInput): UploadFacts["notice"] {
  return {
    channels: [...channels],
    ...(topic && { topic }),
    ...(reach && { reach }),
    ...(content && { content: contentOf(content) }),
  };
}

refusable("createDistributionUpload", {
  description:
    "Makes an address for a file of members who are to get coupons of a template: CSV or XLSX, a header row, then a " +
    "member a row. The file is read and checked in your name; nothing is issued before `startDistribution`. " +
    "Scripts may also POST it to /distributions?template=<id> with their token.",
  scopes: editors,
  result: UploadType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    templateId: t.globalID({ for: CouponTemplateType, required: true, description: "Whose coupons they get." }),
    name: t.string({ required: true, description: "Name of the file, 1–200 characters." }),
    headings: t.field({
      type: [HeadingInput],
      description: "What headings mean that are not named after publicId, externalId, phone or email.",
    }),
    encoding: t.string({ description: "How the file is encoded, where that is known, e.g. `gb18030`." }),
    followsId: t.globalID({
      for: DistributionType,
      description: "The distribution whose report was corrected: only what is missing is issued.",
    }),
    notice: t.field({ type: NoticeInput, description: "How those are told who get a coupon; nobody is without." }),
  }),
  resolve: ({ templateId, name, headings, encoding, followsId, notice }, ctx) =>
    createUploadAddress(ctx, {
      template: toRowId(templateId.id),
      name,
      // Fields are checked by the verb, which says which there are.
      names: Object.fromEntries((headings ?? []).map(({ heading, field }) => [heading, field])) as UploadFacts["names"],
      encoding: encoding ?? undefined,
      follows: rowOfInput(followsId),
      notice: notice ? noticeOf(notice) : undefined,
    }),
});
