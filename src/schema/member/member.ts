import type { Issue } from "../../errors.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { findMember } from "../../member/member.ts";
import { countMembers, memberPage } from "../../member/member-search.ts";
import { eraseMember, exportMember } from "../../member/privacy.ts";
import { setConsent } from "../../member/set-consent.ts";
import { type UpsertOutcome, upsertLimit, upsertMembers } from "../../member/upsert.ts";
import { AudienceFilter, audienceOf } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { connectionField } from "../kit/connection.ts";
import { memberScan } from "../kit/query-limits.ts";
import { refusable } from "../kit/refusable.ts";
import { IssueType } from "../kit/refusals.ts";
import { unwrap } from "../kit/unwrap.ts";
import { itemOf, MemberInput } from "./member-input.ts";
import { memberArgs, memberFields, memberKeyOf } from "./member-key.ts";
import { MemberType } from "./member-type.ts";

const writers = { platform: "editor", service: "members:write" } as const;

connectionField("Query", "members", MemberType, {
  description: "Members in the order of their arrival, erased ones left out.",
  scopes: { role: "viewer" },
  args: (arg) => ({ filter: arg({ type: AudienceFilter, description: "Only those whom this matches." }) }),
  cursor: ({ seq }) => seq,
  cost: ({ filter }) => (filter ? memberScan : 0),
  list: async (ctx, { after, limit, filter }) =>
    unwrap(await memberPage(ctx, { after, limit, audience: audienceOf(ctx, filter, "filter") })),
  count: async (ctx, { filter }) => unwrap(await countMembers(ctx, audienceOf(ctx, filter, "filter"))),
});

builder.queryField("member", (t) =>
  t.field({
    type: MemberType,
    nullable: true,
    description: "A member; null when there is none of this name.",
    authScopes: { role: "viewer", service: "members:write" },
    args: memberArgs(t.arg),
    resolve: (_parent, named, { ctx }) => findMember(ctx, memberKeyOf(named)),
  }),
);

builder.queryField("me", (t) =>
  t.field({
    type: MemberType,
    nullable: true,
    description: "You, when you are a member.",
    authScopes: { member: true },
    resolve: (_parent, _args, { ctx }) =>
      ctx.actor.kind === "member" ? findMember(ctx, { seq: ctx.actor.seq }) : undefined,
  }),
);

const OutcomeKind = builder.enumType("MemberUpsertKind", {
  description: "What became of an item.",
  values: {
    CREATED: { value: "created", description: "A new member." },
    UPDATED: { value: "updated", description: "Something was different and is now as given." },
    UNCHANGED: { value: "unchanged", description: "All was so already." },
    INVALID: { value: "invalid", description: "It has faults and changed nothing." },
  } as const satisfies Record<Uppercase<UpsertOutcome["kind"]>, { value: UpsertOutcome["kind"]; description: string }>,
});

const OutcomeType = builder.objectRef<UpsertOutcome>("MemberUpsert").implement({
  description: "What became of one item.",
  authScopes: writers,
  fields: (t) => ({
    index: t.exposeInt("index", { description: "Its place in the list, from 0." }),
    kind: t.expose("kind", { type: OutcomeKind, description: "What became of it." }),
    publicId: t.string({
      nullable: true,
      description: "The member's opaque id; null when the item was invalid.",
      resolve: (outcome) => (outcome.kind === "invalid" ? null : outcome.id),
    }),
    issues: t.field({
      type: [IssueType],
      description: "Its faults.",
      resolve: (outcome): readonly Issue[] => (outcome.kind === "invalid" ? outcome.issues : []),
    }),
  }),
});

const Upserts = builder.objectRef<{ readonly outcomes: readonly UpsertOutcome[] }>("MemberUpserts").implement({
  description: "What became of all items; the valid ones were written together.",
  authScopes: writers,
  fields: (t) => ({
    outcomes: t.expose("outcomes", { type: [OutcomeType], description: "One per item, in their order." }),
    count: t.int({
      description: "How many items became this.",
      args: { kind: t.arg({ type: OutcomeKind, required: true, description: "What became of them." }) },
      resolve: ({ outcomes }, { kind }) => outcomes.filter((outcome) => outcome.kind === kind).length,
    }),
  }),
});

refusable("upsertMembers", {
  description: `Creates or updates up to ${upsertLimit} members by externalId. Repeating it changes nothing more.`,
  scopes: writers,
  result: Upserts,
  refusals: {},
  input: (t) => ({ members: t.field({ type: [MemberInput], required: true, description: "The members." }) }),
  resolve: async ({ members }, ctx) => {
    const outcomes = await upsertMembers(ctx, members.map(itemOf));
    return isRefusal(outcomes) ? outcomes : { outcomes };
  },
});

refusable("setConsent", {
  description: "Writes down what a member said about a channel; it counts for all that is not yet on its way.",
  scopes: writers,
  result: MemberType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    ...memberFields(t),
    channel: t.field({ type: ChannelEnum, required: true, description: "The channel." }),
    topic: t.string({ description: "The topic; without one, all that have no word of their own." }),
    granted: t.boolean({ required: true, description: "Whether it may be used." }),
  }),
  resolve: ({ channel, topic, granted, ...member }, ctx) =>
    setConsent(ctx, { member: memberKeyOf(member), channel, topic: topic ?? undefined, granted }),
});

refusable("setMyConsent", {
  description: "Says whether a channel may be used to write to you; it counts for all that is not yet on its way.",
  scopes: { member: true },
  result: MemberType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    channel: t.field({ type: ChannelEnum, required: true, description: "The channel." }),
    topic: t.string({ description: "The topic; without one, all that have no word of their own." }),
    granted: t.boolean({ required: true, description: "Whether it may be used." }),
  }),
  resolve: async ({ channel, topic, granted }, ctx) => {
    if (ctx.actor.kind !== "member") return refuse.forbidden("setMyConsent is for members.");
    const member = { seq: ctx.actor.seq };
    return setConsent(ctx, { member, channel, topic: topic ?? undefined, granted, source: "member" });
  },
});

const MemberExport = builder.objectRef<{ readonly data: unknown }>("MemberExport").implement({
  description: "All that is kept about one member.",
  authScopes: { platform: "admin" },
  fields: (t) => ({ data: t.expose("data", { type: "JSON", description: "The rows, by what they are about." }) }),
});

const ErasedMember = builder.objectRef<{ readonly id: string }>("ErasedMember").implement({
  description: "A member whose person was taken out.",
  authScopes: { platform: "admin" },
  fields: (t) => ({ publicId: t.exposeString("id", { description: "The opaque id that the empty row keeps." }) }),
});

refusable("exportMember", {
  description: "Gives out all that is kept about a member, as privacy law asks.",
  scopes: { platform: "admin" },
  result: MemberExport,
  refusals: { NOT_FOUND: true },
  input: memberFields,
  resolve: async (member, ctx) => {
    const data = await exportMember(ctx, memberKeyOf(member));
    return isRefusal(data) ? data : { data };
  },
});

refusable("eraseMember", {
  description: "Takes the person out of a member for good; sums stay true. There is no way back.",
  scopes: { platform: "admin" },
  result: ErasedMember,
  refusals: { NOT_FOUND: true },
  input: memberFields,
  resolve: (member, ctx) => eraseMember(ctx, memberKeyOf(member)),
});
