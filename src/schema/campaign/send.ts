import { type LedgerChannel, ledgerChannels, rewardChannel } from "../../campaign/ledger/channel.ts";
import { countSendsOfRun, placeInRun, placeOfMember } from "../../campaign/ledger/list-sends.ts";
import { type ToldSend, toldSendsOfMember, toldSendsOfRun } from "../../campaign/progress/told-sends.ts";
import { runsById } from "../../campaign/run/run.ts";
import { factsOf } from "../../channels/catalog.ts";
import { membersBySeq } from "../../member/member.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { rowOfInput } from "../kit/ids.ts";
import { MemberType } from "../member/member-type.ts";
import { CampaignType } from "./campaign-type.ts";
import { RunType, SendStateEnum } from "./run-type.ts";

const viewers = { role: "viewer" } as const;

const SendChannelEnum = enumOf(
  "SendChannel",
  "On which way a run reaches a member: a channel, or the coupon that it gives.",
  ledgerChannels,
  (name: LedgerChannel) => (name === rewardChannel ? "The coupon that the run gives." : factsOf(name).description),
);

const SendType = builder.objectRef<ToldSend>("Send").implement({
  description: "What became of one member on one channel of one run.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: SendChannelEnum, description: "On which way." }),
    state: t.expose("state", { type: SendStateEnum, description: "What became of it." }),
    reason: t.exposeString("reason", { description: "Why, for programs; empty where the state says it all." }),
    words: t.exposeString("words", { description: "The same for people." }),
    at: t.expose("at", { type: "DateTime", description: "When it came into this state." }),
    notBefore: t.expose("due_at", {
      type: "DateTime",
      nullable: true,
      description: "When it is tried again or decided again; null where that is not waited for.",
    }),
    tries: t.exposeInt("tries", { description: "How often it was given to the provider and came back." }),
    member: t.loadable({
      type: MemberType,
      nullable: true,
      description: "Whom it was for; null when the member was erased.",
      resolve: ({ member }) => member,
      load: async (seqs: number[], { ctx }) => (await membersBySeq(ctx, seqs)).map((member) => member ?? null),
    }),
    run: t.loadable({
      type: RunType,
      description: "Of which run.",
      resolve: ({ run }) => run,
      load: async (ids: number[], { ctx }) =>
        (await runsById(ctx, ids)).map((run) => run ?? new Error("the run of a send is gone")),
    }),
  }),
});

connectionField(RunType, "sends", SendType, {
  description:
    "What became of each member on each channel, channel by channel, in the order of the members' arrival. Those " +
    "that FAILED or are UNKNOWN are found at once at any size; a rare reason of another state takes seconds among " +
    "millions.",
  scopes: viewers,
  args: (arg) => ({
    channel: arg({ type: SendChannelEnum, description: "Only those on this one." }),
    state: arg({ type: SendStateEnum, description: "Only those in this state." }),
    reason: arg.string({ description: "Only those for this reason, as `progress.channels.reasons` has it." }),
  }),
  cursor: placeInRun,
  list: (ctx, { channel, state, reason, after, limit }, { id }) =>
    toldSendsOfRun(ctx, { run: id, ...given({ channel, state, reason }), after, limit }),
  count: (ctx, filter, { id }) => countSendsOfRun(ctx, { run: id, ...given(filter) }),
});

connectionField(MemberType, "sends", SendType, {
  description: "What the member was sent, or was not and why, the newest run first; null for who may not see it.",
  scopes: viewers,
  isForSome: true,
  args: (arg) => ({
    channel: arg({ type: SendChannelEnum, description: "Only those on this one." }),
    state: arg({ type: SendStateEnum, description: "Only those in this state." }),
    campaignId: arg.globalID({ for: CampaignType, description: "Only those of this campaign." }),
  }),
  cursor: placeOfMember,
  list: (ctx, { channel, state, campaignId, after, limit }, { seq }) => {
    const which = { member: seq, campaign: rowOfInput(campaignId), ...given({ channel, state }) };
    return toldSendsOfMember(ctx, { ...which, after, limit });
  },
});

type Given<Args> = { readonly [Name in keyof Args]: Exclude<Args[Name], null> };

/** What GraphQL says by null, verbs say by leaving it out. */
function given<Args extends object>(args: Args): Given<Args>;
function given(args: object) {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, value ?? undefined]));
}
