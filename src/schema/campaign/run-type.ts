import { refusalAdvice, type StandingRefusal } from "../../campaign/delivery/refusal.ts";
import { campaignsById } from "../../campaign/draft/campaign.ts";
import { type SendState, sendStates } from "../../campaign/ledger/send-state.ts";
import { type RunProgress, runProgress } from "../../campaign/progress/progress.ts";
import { reasonWords } from "../../campaign/progress/reason-words.ts";
import type { ChannelProgress } from "../../campaign/progress/send-counts.ts";
import { localTimeOfRuns } from "../../campaign/progress/waves.ts";
import { type Run, runsById } from "../../campaign/run/run.ts";
import { type RunState, runStates } from "../../campaign/state.ts";
import { builder, type Types } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";
import { CampaignType } from "./campaign-type.ts";
import { CouponProgressType } from "./coupon-figures.ts";
import { WavesType } from "./waves.ts";

const viewers = { role: "viewer" } as const;

const runWords: Readonly<Record<RunState, string>> = {
  PENDING: "Not begun: it waits for its time.",
  IN_REVIEW: "It would reach more members than were agreed to: it waits for someone to approve that number.",
  RUNNING: "It plans, writes and sends.",
  PAUSED: "It stands still until the campaign is resumed.",
  COMPLETED: "Everyone has an outcome on every channel.",
  CANCELLING: "Those not reached yet are being marked so.",
  CANCELLED: "Ended before its time; everyone has an outcome.",
  FAILED: "Some of its work is in the dead letters; replaying it can still complete the run.",
};

const sendWords: Readonly<Record<SendState, string>> = {
  PENDING: "Waits for its turn.",
  SENDING: "Is with the provider now.",
  SENT: "The provider took it, or it is in the inbox.",
  FAILED: "It was refused for good, or could not be made.",
  SKIPPED: "It was decided not to send it, for a reason.",
  CANCELLED: "The run was cancelled first.",
  UNKNOWN: "Nobody can say whether it was sent; it is not sent again by itself.",
};

export const RunStateEnum = enumOf("RunState", "Where a run is in its life.", runStates, (state) => runWords[state]);

export const SendStateEnum = enumOf(
  "SendState",
  "What became of one send: one member on one channel in one run.",
  sendStates,
  (state) => sendWords[state],
);

const ReasonType = builder.objectRef<ChannelProgress["reasons"][number]>("ReasonCount").implement({
  description: "How many sends are in a state for a reason.",
  authScopes: viewers,
  fields: (t) => ({
    state: t.expose("state", { type: SendStateEnum, description: "The state." }),
    reason: t.exposeString("reason", { description: "The reason, e.g. NO_CONSENT." }),
    words: t.string({
      description: "What the reason means.",
      resolve: ({ state, reason }) => reasonWords(state, reason),
    }),
    sends: t.exposeInt("n", { description: "How many." }),
  }),
});

const RefusalType = builder.objectRef<StandingRefusal>("ChannelRefusal").implement({
  description: "A provider that puts sends off: it refuses for now, or asks to be asked later.",
  authScopes: viewers,
  fields: (t) => ({
    words: t.exposeString("words", { description: "What it said last, less addresses and secrets." }),
    times: t.exposeInt("times", { description: "How often." }),
    since: t.expose("since", { type: "DateTime", description: "When it said so first." }),
    nextAt: t.expose("retryAt", { type: "DateTime", description: "When it is asked again." }),
    advice: t.string({ description: "What to do.", resolve: () => refusalAdvice }),
  }),
});

const ChannelProgressType = builder.objectRef<ChannelProgress>("ChannelProgress").implement({
  description: "How far a run is on one channel, in sends: a send is one member.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    ...countFields(t),
    refusal: t.expose("refusal", {
      type: RefusalType,
      nullable: true,
      description: "What its provider says while it puts sends off; null while it takes them.",
    }),
    reasons: t.expose("reasons", {
      type: [ReasonType],
      description: "Why sends were skipped, failed, deferred or are unknown; the most frequent first.",
    }),
  }),
});

function countFields(t: PothosSchemaTypes.ObjectFieldBuilder<Types, ChannelProgress>) {
  return Object.fromEntries(
    sendStates.map((state) => [
      state.toLowerCase(),
      t.int({ description: sendWords[state], resolve: ({ counts }) => counts[state] }),
    ]),
  );
}

export const RunProgressType = builder.objectRef<RunProgress>("RunProgress").implement({
  description: "How far a run is. Costs the same at any size.",
  authScopes: viewers,
  fields: (t) => ({
    state: t.expose("state", { type: RunStateEnum, description: "Where the run is in its life." }),
    matched: t.exposeInt("matched", { description: "Members in written pages." }),
    pages: t.exposeInt("pages", { description: "Pages that its audience was cut into so far." }),
    pagesWritten: t.exposeInt("pagesWritten", { description: "Pages whose members are in the ledger." }),
    planned: t.exposeBoolean("planned", {
      description: "Whether no more pages will come; from then on `total` stays.",
    }),
    done: t.exposeInt("done", {
      description: "Sends that have their last state; a send is one member on one channel, or one member's coupon.",
    }),
    total: t.exposeInt("total", { description: "Sends that are known of." }),
    perSecond: t.exposeFloat("perSecond", { description: "Sends done per second since it began, pauses left out." }),
    etaSeconds: t.exposeInt("etaSeconds", {
      nullable: true,
      description: "Seconds to its end at that rate; null when that cannot be said.",
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When it began." }),
    completedAt: t.expose("completedAt", { type: "DateTime", nullable: true, description: "When it ended." }),
    waitsFor: t.exposeString("waitsFor", { nullable: true, description: "What it waits for; null once it has ended." }),
    channels: t.expose("channels", {
      type: [ChannelProgressType],
      description: "Per channel, in the campaign's order.",
    }),
    coupons: t.expose("coupons", {
      type: CouponProgressType,
      nullable: true,
      description: "The coupons that it gives; null where it gives none.",
    }),
  }),
});

export const RunType = builder.node(builder.objectRef<Run>("Run"), {
  description: "One occurrence of a campaign.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => runsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    number: t.exposeInt("id", { description: "Its number, as links and the sandbox's log name it." }),
    state: t.expose("state", { type: RunStateEnum, description: "Where it is in its life." }),
    dueAt: t.expose("dueAt", {
      type: "DateTime",
      description:
        "When it is or was to begin; by members' own clocks, when the first clock on earth shows their time.",
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When it began." }),
    completedAt: t.expose("completedAt", { type: "DateTime", nullable: true, description: "When it ended." }),
    history: t.field(historyField("run")),
  }),
});

builder.objectFields(RunType, (t) => ({
  campaign: t.loadable({
    type: CampaignType,
    description: "Whose occurrence it is.",
    resolve: ({ campaign }) => campaign,
    load: async (ids: number[], { ctx }) => (await campaignsById(ctx, ids)).map(orFault),
  }),
  shop: t.loadable({
    type: "String",
    description: shopOfThing,
    resolve: ({ campaign }) => campaign,
    load: async (ids: number[], { ctx }) => (await campaignsById(ctx, ids)).map((campaign) => orFault(campaign?.shop)),
  }),
  localTime: t.loadable({
    type: WavesType,
    nullable: true,
    description: "Its waves by members' own clocks; null where all are reached at one moment.",
    complexity: 10,
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => localTimeOfRuns(ctx, await runsById(ctx, ids)),
  }),
  progress: t.loadable({
    type: RunProgressType,
    description: "How far it is.",
    complexity: 10,
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => (await runProgress(ctx, ids)).map(orFault),
  }),
}));

function orFault<T>(row: T | undefined): T | Error {
  return row ?? new Error("what a run names is gone");
}
