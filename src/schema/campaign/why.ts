import { type ChannelWhy, type MemberWhy, type RowWhy, whyMember } from "../../campaign/progress/why.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberNamed } from "../member/member-key.ts";
import { RunType, SendStateEnum } from "./run-type.ts";

const viewers = { role: "viewer" } as const;

const ChannelWhyType = builder.objectRef<ChannelWhy>("ChannelWhy").implement({
  description: "What became of a run's message to a member on one channel.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    state: t.expose("state", { type: SendStateEnum, description: "The state of the send." }),
    reason: t.exposeString("reason", { description: "The reason for programs; empty where the state says it all." }),
    at: t.expose("at", { type: "DateTime", description: "When it came into this state." }),
    words: t.exposeString("words", { description: "The same for people." }),
  }),
});

const CouponWhyType = builder.objectRef<RowWhy>("CouponWhy").implement({
  description: "What became of the coupon that a run gives to a member.",
  authScopes: viewers,
  fields: (t) => ({
    state: t.expose("state", { type: SendStateEnum, description: "SENT where the member got it." }),
    reason: t.exposeString("reason", { description: "The reason for programs; empty where the state says it all." }),
    at: t.expose("at", { type: "DateTime", description: "When it came into this state." }),
    words: t.exposeString("words", { description: "The same for people." }),
  }),
});

const MemberWhyType = builder.objectRef<MemberWhy>("MemberWhy").implement({
  description: "Why a member got a run's message or did not.",
  authScopes: viewers,
  fields: (t) => ({
    summary: t.exposeString("summary", { description: "One sentence about all channels." }),
    channels: t.expose("channels", {
      type: [ChannelWhyType],
      description: "Per channel what became of it; empty where the run never counted the member in.",
    }),
    coupon: t.expose("coupon", {
      type: CouponWhyType,
      nullable: true,
      description: "The coupon that the run gives; null where it gives none, or never counted the member in.",
    }),
  }),
});

builder.queryField("whyMember", (t) =>
  t.field({
    type: MemberWhyType,
    description: "Why a member got a run's message or did not, in words.",
    authScopes: viewers,
    args: {
      runId: t.arg.globalID({ for: RunType, required: true, description: "Which run." }),
      ...memberArgs(t.arg),
    },
    resolve: async (_root, { runId, ...named }, { ctx }) => {
      const member = unwrap(await memberNamed(ctx, named));
      return unwrap(await whyMember(ctx, { run: toRowId(runId.id), member }));
    },
  }),
);
