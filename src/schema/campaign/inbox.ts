import {
  actingMember,
  deleteInboxMessage,
  type InboxMessage,
  inboxByRun,
  listInbox,
  markAllRead,
  markRead,
  unreadCount,
} from "../../campaign/inbox/inbox.ts";
import { type InboxChange, watchInbox } from "../../campaign/inbox/inbox-watch.ts";
import { isRefusal } from "../../errors.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";

/** All of it is the acting member's own: no field takes a member. */
const members = { member: true } as const;

const InboxMessageType = builder.node(builder.objectRef<InboxMessage>("InboxMessage"), {
  description: "A message in your inbox. Its text is plain text in your locale: show it as such, never as HTML.",
  authScopes: members,
  id: { resolve: ({ run }) => run },
  loadMany: (ids, { ctx }) => inboxByRun(ctx, ids.map(toRowId)),
  fields: (t) => ({
    title: t.exposeString("title", { description: "Its title; never empty." }),
    body: t.exposeString("body", { description: "Its text; never empty." }),
    url: t.exposeString("url", { nullable: true, description: "Where it leads: a link for the app to open." }),
    at: t.expose("at", { type: "DateTime", description: "When it came." }),
    readAt: t.expose("readAt", { type: "DateTime", nullable: true, description: "When you read it; null before." }),
  }),
});

connectionField("Query", "myInbox", InboxMessageType, {
  description: "Your messages, the newest first.",
  scopes: members,
  cursor: ({ run }) => run,
  list: listInbox,
});

builder.queryField("unreadCount", (t) =>
  t.int({
    description: "How many messages in your inbox are not read.",
    authScopes: members,
    resolve: (_root, _args, { ctx }) => unreadCount(ctx),
  }),
);

refusable("markRead", {
  description: "Marks one message read; doing it again changes nothing.",
  scopes: members,
  result: InboxMessageType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    messageId: t.globalID({ for: InboxMessageType, required: true, description: "Which one." }),
  }),
  resolve: ({ messageId }, ctx) => markRead(ctx, { run: toRowId(messageId.id) }),
});

const InboxState = builder.objectRef<{ readonly changed: number }>("InboxState").implement({
  description: "Your inbox after a change.",
  authScopes: members,
  fields: (t) => ({
    changed: t.exposeInt("changed", { description: "How many messages it changed." }),
    unread: t.int({
      description: "How many are not read now.",
      resolve: (_state, _args, { ctx }) => unreadCount(ctx),
    }),
  }),
});

refusable("markAllRead", {
  description: "Marks your messages read.",
  scopes: members,
  result: InboxState,
  refusals: {},
  input: (t) => ({
    upToId: t.globalID({
      for: InboxMessageType,
      description:
        "Only this one and those after it in the list: pass the newest that was on the screen, and what came " +
        "meanwhile stays.",
    }),
  }),
  resolve: async ({ upToId }, ctx) => ({
    changed: await markAllRead(ctx, { upTo: rowOfInput(upToId) }),
  }),
});

refusable("deleteInboxMessage", {
  description: "Takes a message out of your inbox for good.",
  scopes: members,
  result: InboxState,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    messageId: t.globalID({ for: InboxMessageType, required: true, description: "Which one." }),
  }),
  resolve: async ({ messageId }, ctx) => {
    const deleted = await deleteInboxMessage(ctx, { run: toRowId(messageId.id) });
    return isRefusal(deleted) ? deleted : { changed: 1 };
  },
});

const InboxChangeType = builder.objectRef<InboxChange>("InboxChange").implement({
  description: "What is new in your inbox.",
  authScopes: members,
  fields: (t) => ({
    unread: t.exposeInt("unread", { description: "How many messages are not read now." }),
    arrived: t.field({
      type: [InboxMessageType],
      description:
        "Messages that have come since the last event; empty in the first one, and when something was read or deleted.",
      complexity: { field: 1, multiplier: 10 },
      resolve: async ({ arrived }, _args, { ctx }) =>
        (await inboxByRun(ctx, arrived)).filter((message) => message !== undefined),
    }),
  }),
});

builder.subscriptionField("inboxChanged", (t) =>
  t.field({
    type: InboxChangeType,
    description: "Your inbox as it changes: how it stands at once, then every change within about a second.",
    authScopes: members,
    subscribe: (_root, _args, { ctx }) => watchInbox(ctx, actingMember(ctx)),
    resolve: (change) => change,
  }),
);
