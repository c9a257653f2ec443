import { type ConsentWord, consentsOf, type Member, membersBySeq, pushTokensOf, tagsOf } from "../../member/member.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { historyOfRow } from "../transition/history.ts";

/** Members see themselves; operators see all; the shop's backend what it writes. */
const readers = { role: "viewer", service: "members:write", member: true } as const;
const staff = { role: "viewer", service: "members:write" } as const;

const ConsentType = builder.objectRef<ConsentWord>("Consent").implement({
  description: "What a member said about being written to on a channel.",
  authScopes: readers,
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, description: "The channel.", resolve: ({ channel }) => channel }),
    topic: t.exposeString("topic", { description: "The topic; `*` means all that have no word of their own." }),
    granted: t.exposeBoolean("granted", { description: "Whether it may be used." }),
    source: t.exposeString("source", { description: "Who said so, e.g. member, unsubscribe-link, import by …." }),
    at: t.expose("at", { type: "DateTime", description: "When; of a word without a time, when it first came." }),
  }),
});

export const MemberType = builder.node(builder.objectRef<Member>("Member"), {
  description: "A member of the shop.",
  authScopes: readers,
  id: { resolve: ({ seq }) => seq },
  loadMany: async (ids, { ctx }) => {
    const found = await membersBySeq(ctx, ids.map(toRowId));
    const { actor } = ctx;
    return actor.kind === "member" ? found.map((member) => (member?.seq === actor.seq ? member : undefined)) : found;
  },
  fields: (t) => ({
    externalId: t.exposeString("externalId", { description: "The shop's own id of the member." }),
    publicId: t.exposeString("id", { description: "The opaque id that filters, links and logs use." }),
    name: t.exposeString("name", { nullable: true, description: "What the member is called." }),
    email: t.exposeString("email", { nullable: true, description: "E-mail address, in lower case." }),
    phone: t.exposeString("phone", { nullable: true, description: "Phone number in E.164." }),
    locale: t.exposeString("locale", { description: "Language tag, e.g. de-AT." }),
    timeZone: t.exposeString("timeZone", { nullable: true, description: "IANA zone; null means the shop's." }),
    accountType: t.exposeString("accountType", { description: "Kind of account, e.g. personal or business." }),
    level: t.exposeInt("level", { description: "Membership level." }),
    consecutiveActiveDays: t.exposeInt("consecutiveActiveDays", { description: "Days in a row with activity." }),
    activeDaysLastMonth: t.exposeInt("activeDaysLastMonth", { description: "Days with activity last month, 0–31." }),
    totalSpend: t.expose("totalSpend", {
      type: "BigInt",
      description: "All that was spent, in minor units of the shop's currency.",
    }),
    points: t.expose("points", { type: "BigInt", description: "Balance of points." }),
    birthday: t.exposeString("birthday", { nullable: true, description: "YYYY-MM-DD." }),
    registeredAt: t.expose("registeredAt", { type: "DateTime", description: "When the member registered." }),
    membershipEndsAt: t.expose("membershipEndsAt", {
      type: "DateTime",
      nullable: true,
      description: "When the membership ends; null when it does not.",
    }),
    lastActiveAt: t.expose("lastActiveAt", { type: "DateTime", nullable: true, description: "Last activity, if any." }),
    history: t.field({
      ...historyOfRow<Member>("member", ({ seq }) => seq),
      nullable: true,
      authScopes: { role: "viewer" },
    }),
    attributes: t.expose("attributes", {
      type: "JSON",
      nullable: true,
      authScopes: staff,
      description: "The shop's own facts; null for members.",
    }),
    control: t.exposeBoolean("control", {
      nullable: true,
      authScopes: staff,
      description: "Whether in the control group: matched, never sent to; null for members.",
    }),
  }),
});

builder.objectFields(MemberType, (t) => ({
  tags: t.loadableList({
    type: "String",
    nullable: true,
    authScopes: staff,
    description: "Tags, the persona; sorted; null for members.",
    resolve: ({ seq }) => seq,
    load: async (seqs: number[], { ctx }) => inOrder(seqs, await tagsOf(ctx, seqs)),
  }),
  pushDevices: t.loadable({
    type: "Int",
    description: "How many devices get push notifications.",
    resolve: ({ seq }) => seq,
    load: async (seqs: number[], { ctx }) => inOrder(seqs, await pushTokensOf(ctx, seqs)).map(({ length }) => length),
  }),
  consents: t.loadableList({
    type: ConsentType,
    description: "What the member said about being written to.",
    resolve: ({ seq }) => seq,
    load: async (seqs: number[], { ctx }) => inOrder(seqs, await consentsOf(ctx, seqs)),
  }),
}));

function inOrder<T>(seqs: readonly number[], found: ReadonlyMap<number, T[]>): T[][] {
  return seqs.map((seq) => found.get(seq) ?? []);
}
