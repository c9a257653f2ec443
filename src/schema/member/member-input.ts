import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";

const ConsentInput = builder.inputType("MemberConsentInput", {
  description: "A member's word about a channel.",
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, required: true, description: "The channel." }),
    topic: t.string({ description: "The topic; without one, all that have no word of their own." }),
    granted: t.boolean({ required: true, description: "Whether it may be used." }),
    at: t.field({
      type: "DateTime",
      description:
        "When the member said so: the later word counts, one that is ahead of now as said now. A yes without a time " +
        "never undoes a no that was said; a no without one counts from when it first came.",
    }),
  }),
});

const ChannelTokensInput = builder.inputType("ChannelTokensInput", {
  description: "A member's push tokens that one provider gave out.",
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, required: true, description: "The push channel through that provider." }),
    tokens: t.stringList({ required: true, description: "All of them, at most 20; replaces those of this channel." }),
  }),
});

/** One member as the shop's backend sends it. */
export const MemberInput = builder.inputType("MemberInput", {
  description: "A member as the shop knows it: what is left out stays as it is, null takes a value away.",
  fields: (t) => ({
    externalId: t.string({ required: true, description: "The shop's own id, 1–200 characters: who is meant." }),
    name: t.string({ description: "What the member is called, 1–200 characters; messages greet by it." }),
    email: t.string({ description: "E-mail address." }),
    phone: t.string({ description: "Phone number with country code; kept in E.164." }),
    locale: t.string({ description: "Language tag, e.g. de-AT; `en` unless ever given." }),
    timeZone: t.string({ description: "IANA zone; null means the shop's." }),
    accountType: t.string({ description: "Kind of account, 1–50 characters; `personal` unless ever given." }),
    level: t.int({ description: "Membership level." }),
    consecutiveActiveDays: t.int({ description: "Days in a row with activity, from 0." }),
    activeDaysLastMonth: t.int({ description: "Days with activity last month, 0–31." }),
    totalSpend: t.field({
      type: "BigInt",
      description:
        "All that was spent, in minor units of the shop's currency. Refused where it is kept from orders " +
        "(TOTAL_SPEND_FROM).",
    }),
    points: t.field({ type: "BigInt", description: "Balance of points." }),
    birthday: t.string({ description: "YYYY-MM-DD." }),
    registeredAt: t.field({ type: "DateTime", description: "When the member registered; now unless ever given." }),
    membershipEndsAt: t.field({ type: "DateTime", description: "When the membership ends." }),
    lastActiveAt: t.field({ type: "DateTime", description: "Last activity." }),
    attributes: t.field({
      type: "JSON",
      description: "The shop's own facts, an object of at most 16,384 characters; merged, null removes a name.",
    }),
    control: t.boolean({ description: "Whether in the control group." }),
    tags: t.stringList({ description: "All tags, at most 200; replaces those there are." }),
    pushTokens: t.stringList({
      description: "All push tokens of the channel PUSH, at most 20; replaces those there are.",
    }),
    channelTokens: t.field({
      type: [ChannelTokensInput],
      description: "Push tokens that are of other channels than PUSH, a list for each; other channels keep theirs.",
    }),
    consent: t.field({ type: [ConsentInput], description: "Words about channels, at most 50; others stay." }),
  }),
});

export type MemberInputShape = typeof MemberInput.$inferInput;

const takenAway = ["name", "email", "phone", "timeZone", "birthday", "membershipEndsAt", "lastActiveAt"];

/** The item of `upsertMembers` that an input means; null for what cannot be taken away says nothing. */
export function itemOf({ consent, ...input }: MemberInputShape): Readonly<Record<string, unknown>> {
  const given = Object.entries(input).filter(([name, value]) => value !== null || takenAway.includes(name));
  const item = Object.fromEntries(given.map(([name, value]) => [name, plain(name, value)]));
  const words = consent?.map(({ channel, topic, granted, at }) => ({
    channel,
    granted,
    ...(topic === null || topic === undefined ? {} : { topic }),
    ...(at === null || at === undefined ? {} : { at: plain("at", at) }),
  }));
  return words ? { ...item, consent: words } : item;
}

function plain(name: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return /At$|^at$/.test(name) && typeof value === "number" ? new Date(value).toISOString() : value;
}
