import { campaignsById } from "../../campaign/draft/campaign.ts";
import { templatesById } from "../../coupon/template/template.ts";
import { adviceOn } from "../../distribution/advice.ts";
import {
  type Approval,
  type Distribution,
  distributionsById,
  endedRows,
  type OutcomeCount,
} from "../../distribution/distribution.ts";
import { followUpsOf } from "../../distribution/follow-ups.ts";
import type { Notice } from "../../distribution/notice.ts";
import { type DistributionProgress, distributionProgress } from "../../distribution/progress.ts";
import { isWithdrawing } from "../../distribution/withdraw.ts";
import { CampaignType, MessageType, messagesOf, ReachEnum } from "../campaign/campaign-type.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";
import { DistributionStateEnum, OutcomeEnum } from "./enums.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;

const CountType = builder.objectRef<OutcomeCount>("DistributionCount").implement({
  description: "How many rows have an outcome.",
  authScopes: viewers,
  fields: (t) => ({
    outcome: t.expose("outcome", { type: OutcomeEnum, description: "Which one." }),
    predicted: t.exposeInt("predicted", { description: "Rows that the check predicted to end so." }),
    ended: t.exposeInt("ended", { description: "Rows that ended so." }),
  }),
});

export const DistributionProgressType = builder.objectRef<DistributionProgress>("DistributionProgress").implement({
  description: "How far a distribution is.",
  authScopes: viewers,
  fields: (t) => ({
    state: t.expose("state", { type: DistributionStateEnum, description: "Where it is in its life." }),
    done: t.exposeInt("done", {
      description: "Rows that are read, until it is started; from then on those of which it is decided what became.",
    }),
    total: t.exposeInt("total", { nullable: true, description: "Rows of the file; null while it is read." }),
    perSecond: t.exposeFloat("perSecond", { description: "Rows per second since it began or went on." }),
    etaSeconds: t.exposeInt("etaSeconds", {
      nullable: true,
      description: "Seconds to its end at that rate; null when that cannot be said.",
    }),
    counts: t.field({
      type: [CountType],
      description: "Of all outcomes, in the order in which they are decided.",
      resolve: ({ counts }) => [...counts],
    }),
  }),
});

const FaultType = builder.objectRef<NonNullable<Distribution["fault"]>>("DistributionFault").implement({
  description: "What a distribution failed of.",
  authScopes: viewers,
  fields: (t) => ({
    row: t.exposeInt("row", { description: "The row, as a spreadsheet counts." }),
    column: t.exposeInt("column", { nullable: true, description: "The column from 1; null for the row as a whole." }),
    message: t.exposeString("message", { description: "What is wrong there." }),
  }),
});

const ApprovalType = builder.objectRef<Approval>("DistributionApproval").implement({
  description: "Who let a distribution start that is larger than one person may start.",
  authScopes: viewers,
  fields: (t) => ({
    actor: t.exposeString("actor", { description: "Who, e.g. operator Kim." }),
    coupons: t.exposeInt("coupons", { description: "Up to so many coupons were approved of." }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

const NoticeType = builder.objectRef<Notice>("DistributionNotice").implement({
  description: "How those are told who get a coupon.",
  authScopes: viewers,
  fields: (t) => ({
    channels: t.field({
      type: [ChannelEnum],
      description: "How it reaches them, in order of preference.",
      resolve: ({ channels }) => [...channels],
    }),
    topic: t.exposeString("topic", { description: "What it is about; consent may depend on it." }),
    reach: t.expose("reach", { type: ReachEnum, description: "What several channels mean." }),
    content: t.field({
      type: [MessageType],
      description: "What it says in the shop's own words; where a channel has none, the house's.",
      resolve: messagesOf,
    }),
  }),
});

export const DistributionType = builder.node(builder.objectRef<Distribution>("Distribution"), {
  description: "Coupons of a template for the members of a spreadsheet: what became of every row.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => distributionsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    number: t.exposeInt("id", { description: "Its number, as logs name it." }),
    shop: t.exposeString("shop", { description: shopOfThing }),
    state: t.expose("state", { type: DistributionStateEnum, description: "Where it is in its life." }),
    file: t.exposeString("file", { description: "The name of its file." }),
    digest: t.exposeString("digest", { description: "SHA-256 of its file, in hexadecimal." }),
    bytes: t.field({ type: "BigInt", description: "How long its file is.", resolve: ({ bytes }) => bytes }),
    encoding: t.exposeString("encoding", {
      nullable: true,
      description: "What the bytes of the file were read as, e.g. `utf-8` or `gb18030`; null until it is read.",
    }),
    encodingGuessed: t.exposeBoolean("encodingGuessed", {
      description: "Whether that was guessed. Where the guess is wrong, cancel it and upload again with its encoding.",
    }),
    header: t.stringList({
      nullable: true,
      description: "The headings of its columns; null until they are read, and when its rows are kept no more.",
      resolve: ({ header }) => (header === null ? null : [...header]),
    }),
    headings: t.field({
      type: "JSON",
      description: "What headings were said to mean that are not named after a field; `-`: nothing.",
      resolve: ({ names }) => names,
    }),
    rows: t.exposeInt("rows", { description: "Rows that are read and not blank, the header not counted." }),
    history: t.field(historyField("distribution")),
    createdBy: t.exposeString("createdBy", { description: "Who uploaded it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was uploaded." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last made progress or was moved." }),
    startedAt: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When it was started." }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was completed or cancelled.",
    }),
  }),
});

builder.objectFields(DistributionType, (t) => ({
  counts: t.field({
    type: [CountType],
    description: "How many rows were predicted to end how, and did, of all outcomes.",
    resolve: ({ counts }) => [...counts],
  }),
  issued: t.int({
    description: "Coupons that were issued so far; of what was paused or cancelled, for good.",
    resolve: (distribution) => endedRows(distribution, "ISSUED"),
  }),
  progress: t.field({
    type: DistributionProgressType,
    description: "How far it is.",
    resolve: (distribution, _args, { ctx }) => distributionProgress(distribution, ctx.clock()),
  }),
  fault: t.expose("fault", { type: FaultType, nullable: true, description: "What it failed of; null: of nothing." }),
  advice: t.stringList({
    nullable: true,
    description:
      "What would mend many faults of the file at once, in sentences: a heading that means something else, " +
      "an encoding. It quotes cells: null for viewers.",
    authScopes: editors,
    complexity: 10,
    resolve: (distribution, _args, { ctx }) => adviceOn(ctx, distribution),
  }),
  approval: t.expose("approval", {
    type: ApprovalType,
    nullable: true,
    description: "Who let it start, where a second person has to; null: nobody did, or had to.",
  }),
  withdrawn: t.exposeInt("withdrawn", {
    description: "Coupons of it that were taken back, see `withdrawDistribution`.",
  }),
  isWithdrawing: t.boolean({
    description: "Whether its coupons are being taken back now.",
    resolve: (distribution) => isWithdrawing(distribution),
  }),
  notice: t.expose("notice", {
    type: NoticeType,
    nullable: true,
    description: "How those are told who get a coupon; null: nobody is.",
  }),
}));

builder.objectFields(DistributionType, (t) => ({
  template: t.loadable({
    type: CouponTemplateType,
    description: "The template whose coupons it gives.",
    resolve: ({ template }) => template,
    load: async (ids: number[], { ctx }) =>
      (await templatesById(ctx, ids)).map((row, i) => row ?? new Error(`no coupon template ${ids[i]}`)),
  }),
  follows: t.loadable({
    type: DistributionType,
    nullable: true,
    description: "The distribution whose report was corrected; null: it is the first.",
    resolve: ({ follows }) => follows,
    load: async (ids: number[], { ctx }) => (await distributionsById(ctx, ids)).map((row) => row ?? null),
  }),
  followUps: t.loadableList({
    type: DistributionType,
    description: "Those for which its own report was corrected, in the order of their upload.",
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => followUpsOf(ctx, ids),
  }),
  noticeCampaign: t.loadable({
    type: CampaignType,
    nullable: true,
    description: "The campaign that tells those who got one; null: there is none yet, or will be.",
    resolve: ({ noticeCampaign }) => noticeCampaign,
    load: async (ids: number[], { ctx }) => (await campaignsById(ctx, ids)).map((row) => row ?? null),
  }),
}));
