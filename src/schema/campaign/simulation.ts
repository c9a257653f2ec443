import { skipText } from "../../campaign/action/index.ts";
import { type Simulation, simulateLaunch } from "../../campaign/rehearsal/simulate.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { memberScan } from "../kit/query-limits.ts";
import { unwrap } from "../kit/unwrap.ts";
import { CampaignType } from "./campaign-type.ts";
import { CouponSimulationType } from "./coupon-figures.ts";
import { WavesType } from "./waves.ts";

const viewers = { role: "viewer" } as const;

type OfChannel = Simulation["channels"][number];

const SkipCount = builder.objectRef<OfChannel["skipped"][number]>("SkipCount").implement({
  description: "How many members would be skipped for a reason.",
  authScopes: viewers,
  fields: (t) => ({
    reason: t.exposeString("reason", { description: "The reason, e.g. NO_CONSENT." }),
    words: t.string({ description: "What it means.", resolve: ({ reason }) => skipText(reason) }),
    members: t.exposeInt("n", { description: "How many." }),
  }),
});

const ChannelSimulation = builder.objectRef<OfChannel>("ChannelSimulation").implement({
  description: "What a launch would do on one channel.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    reachable: t.exposeInt("reachable", { description: "Members who would be sent to." }),
    deferred: t.exposeInt("deferred", {
      description: "Of these, those whom it would reach when their quiet hours end.",
    }),
    skipped: t.expose("skipped", { type: [SkipCount], description: "Members who would not, by reason." }),
    segments: t.int({
      nullable: true,
      description:
        "Of text messages: about how many segments, by those of the first members; null where none was measured.",
      resolve: ({ size }) => size?.segments ?? null,
    }),
    price: t.float({
      nullable: true,
      description: "What those cost, in units of `currency`; null unless the installation says what a segment costs.",
      resolve: ({ size }) => size?.price ?? null,
    }),
    currency: t.string({
      nullable: true,
      description: "ISO 4217.",
      resolve: ({ size }) => size?.currency ?? null,
    }),
  }),
});

export const SimulationType = builder.objectRef<Simulation>("Simulation").implement({
  description: "What a launch would do, were it now.",
  authScopes: viewers,
  fields: (t) => ({
    matched: t.exposeInt("matched", { description: "Members whom the audience selects." }),
    channels: t.expose("channels", { type: [ChannelSimulation], description: "Per channel, in the campaign's order." }),
    coupons: t.expose("coupons", {
      type: CouponSimulationType,
      nullable: true,
      description: "The coupons that it gives or invites to claim; null where it has to do with none.",
    }),
    localTime: t.expose("localTime", {
      type: WavesType,
      nullable: true,
      description: "Its waves by members' own clocks; null where all are reached at one moment.",
    }),
    messages: t.exposeInt("messages", { description: "Messages that the queue would carry." }),
    seconds: t.exposeInt("seconds", {
      description: "The least time that providers' rate limits leave for it, in seconds.",
    }),
  }),
});

builder.queryField("simulateLaunch", (t) =>
  t.field({
    type: SimulationType,
    description:
      "What launching a campaign would do; nothing is changed or sent. Shared addresses and " +
      "FIRST_REACHABLE are not foreseen.",
    authScopes: viewers,
    complexity: 5 * memberScan, // one for each channel that there is
    args: { campaignId: t.arg.globalID({ for: CampaignType, required: true, description: "Which one." }) },
    resolve: async (_root, { campaignId }, { ctx }) =>
      unwrap(await simulateLaunch(ctx, { id: toRowId(campaignId.id) })),
  }),
);
