import {
  countSandbox,
  listSandbox,
  listSandboxFaults,
  type SandboxDelivery,
  type SandboxFaults,
  type SandboxSums,
  setSandboxFaults,
} from "../../operations/sandbox.ts";
import { RunType } from "../campaign/run-type.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";

const viewers = { platform: "viewer" } as const;
/** What a message says lets its reader act for the member: it has links that claim and unsubscribe, and codes. */
const readers = { platform: "editor" } as const;

const PartType = builder.objectRef<readonly [string, string]>("MessagePart").implement({
  description: "One part of a rendered message.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.string({ description: "Which part, e.g. subject.", resolve: ([name]) => name }),
    text: t.string({ description: "What it says.", resolve: ([, text]) => text }),
  }),
});

const DeliveryType = builder.objectRef<SandboxDelivery>("SandboxDelivery").implement({
  description: "A message that the sandbox took in a provider's place: nothing left the building.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, description: "The channel.", resolve: ({ channel }) => channel }),
    to: t.stringList({
      description: "The addresses: one, or every push token of the member.",
      resolve: ({ to }) => [...to],
    }),
    ref: t.exposeString("ref", { description: "run:member, as the provider would hand it back." }),
    batch: t.exposeString("batchId", { description: "The batch that it came in: the provider's idempotency key." }),
    providerId: t.exposeString("providerId", { description: "The provider's name for it." }),
    parts: t.field({
      type: [PartType],
      nullable: true,
      authScopes: readers,
      description: "What it says, part by part; null for viewers, as its links work.",
      resolve: ({ parts }) => Object.entries(parts),
    }),
    unsubscribeUrl: t.exposeString("unsubscribeUrl", {
      nullable: true,
      authScopes: readers,
      description: "For editors: the one-click link of its `List-Unsubscribe` header, where the channel has one.",
    }),
    at: t.expose("at", { type: "DateTime", description: "When it was taken." }),
  }),
});

connectionField("Query", "sandboxOutbox", DeliveryType, {
  description: "What the sandbox took, the newest first.",
  scopes: viewers,
  args: (arg) => ({
    channel: arg({ type: ChannelEnum, description: "Only of this channel." }),
    runId: arg.globalID({ for: RunType, description: "Only of this run." }),
    recipient: arg.string({ description: "Only to this address, given in full." }),
  }),
  cursor: ({ seq }) => seq,
  list: (ctx, { channel, runId, recipient, after, limit }) =>
    listSandbox(ctx, {
      channel: channel ?? undefined,
      run: runId ? toRowId(runId.id) : undefined,
      recipient: recipient ?? undefined,
      after,
      limit,
    }),
});

const ChannelSum = builder.objectRef<SandboxSums["channels"][number]>("SandboxChannelSum").implement({
  description: "How much the sandbox took on one channel.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, description: "The channel.", resolve: ({ channel }) => channel }),
    deliveries: t.exposeInt("deliveries", { description: "How many messages, repeats included." }),
  }),
});

const Sums = builder.objectRef<SandboxSums>("SandboxSums").implement({
  description: "What the sandbox took, in numbers.",
  authScopes: viewers,
  fields: (t) => ({
    channels: t.expose("channels", { type: [ChannelSum], description: "By channel." }),
    duplicates: t.exposeInt("duplicates", {
      description:
        "How many members got a message of one run on one channel more than once: 0, unless something is broken.",
    }),
  }),
});

builder.queryField("sandboxSums", (t) =>
  t.field({
    type: Sums,
    description: "Counts what the sandbox took, of one run or in all; reads every row of it.",
    authScopes: viewers,
    complexity: 50,
    args: { runId: t.arg.globalID({ for: RunType, description: "Only of this run." }) },
    resolve: (_root, { runId }, { ctx }) => countSandbox(ctx, { run: runId ? toRowId(runId.id) : undefined }),
  }),
);

const FaultsType = builder.objectRef<SandboxFaults>("SandboxFaults").implement({
  description: "What the sandbox does wrong on a channel. Rates are shares from 0 to 1.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.field({ type: ChannelEnum, description: "The channel.", resolve: ({ channel }) => channel }),
    fail: t.exposeFloat("fail", { description: "Recipients refused for good." }),
    busy: t.exposeFloat("busy", { description: "Requests turned away for now." }),
    drop: t.exposeFloat("drop", { description: "Requests that get lost on the way there." }),
    late: t.exposeFloat("late", { description: "Requests accepted and answered too late." }),
    lateMs: t.exposeFloat("lateMs", { description: "How late those are answered, in milliseconds." }),
    delayMs: t.exposeFloat("delayMs", { description: "How long every request is on its way, in milliseconds." }),
  }),
});

builder.queryField("sandboxFaults", (t) =>
  t.field({
    type: [FaultsType],
    description: "What the sandbox does wrong now, channel by channel.",
    authScopes: viewers,
    resolve: (_root, _args, { ctx }) => listSandboxFaults(ctx),
  }),
);

refusable("setSandboxFaults", {
  description:
    "Tells the sandbox what to do wrong on a channel; what is left out goes right. Not in production, unless it " +
    "allows the sandbox.",
  scopes: { platform: "admin" },
  result: FaultsType,
  refusals: {},
  input: (t) => ({
    channel: t.field({ type: ChannelEnum, required: true, description: "A channel with a provider." }),
    fail: t.float({ description: "Share of recipients refused for good, 0–1." }),
    busy: t.float({ description: "Share of requests turned away for now, 0–1." }),
    drop: t.float({ description: "Share of requests lost on the way there, 0–1." }),
    late: t.float({
      description: "Share of requests accepted and answered too late, 0–1; busy, drop and late make 1 at most.",
    }),
    lateMs: t.float({ description: "How late, in milliseconds; 60,000 unless given." }),
    delayMs: t.float({ description: "How long every request is on its way, in milliseconds." }),
  }),
  resolve: ({ channel, ...said }, ctx) => setSandboxFaults(ctx, { channel, ...withoutNulls(said) }),
});

function withoutNulls(said: Readonly<Record<string, number | null | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(said).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}
