import { isRefusal } from "../../errors.ts";
import { cancelMessage, retryMessage } from "../../operations/queue/message-actions.ts";
import { findMessage, listMessages } from "../../operations/queue/message-search.ts";
import { openMessages } from "../../operations/queue/open-work.ts";
import { RunType } from "../campaign/run-type.ts";
import { builder } from "../kit/builder.ts";
import { checkedSize, pageSizes } from "../kit/connection.ts";
import { connectionType } from "../kit/connection-type.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { fromQueue } from "./queue-answer.ts";
import { QueueMessageStateEnum, QueueMessageType, shown, shownOne } from "./queue-message-type.ts";

const viewers = { platform: "viewer" } as const;

const cursorOf = ({ id }: { readonly id: string }) => id;

builder.queryField("queueMessages", (t) =>
  t.field({
    type: connectionType(QueueMessageType, false),
    description:
      "Messages of this installation, the newest first: with a subject those about it, else what the queue's log " +
      "tells of. A page may hold fewer than asked and still have a next one.",
    authScopes: viewers,
    complexity: ({ first }) => ({ field: 10, multiplier: Math.min(first ?? pageSizes.usual, pageSizes.most) }),
    args: {
      state: t.arg({ type: QueueMessageStateEnum, description: "Only those that are this far." }),
      job: t.arg.string({ description: "Only those for this job, e.g. campaign-page." }),
      subject: t.arg.string({ description: "Only those about this, e.g. `page/7/12` for the page 12 of the run 7." }),
      first: t.arg.int({ description: `How many at most, 1–${pageSizes.most}; ${pageSizes.usual} unless given.` }),
      after: t.arg.string({ description: "Go on after this cursor: `pageInfo.endCursor` of the page before." }),
    },
    resolve: async (_root, { state, job, subject, first, after }, { ctx }) => {
      const limit = checkedSize(first ?? pageSizes.usual);
      const search = { state: state ?? undefined, job: job ?? undefined, subject: subject ?? undefined };
      const found = await fromQueue(listMessages(ctx, { ...search, after: after ?? undefined, limit }));
      const { messages, next } = unwrap(found);
      const nodes = shown(ctx, messages);
      const ends = { startCursor: nodes[0]?.id ?? null, endCursor: next ?? null };
      const pageInfo = { hasNextPage: next !== undefined, hasPreviousPage: after != null, ...ends };
      return { nodes, cursorOf, pageInfo, totalCount: () => nodes.length };
    },
  }),
);

builder.queryField("queueMessage", (t) =>
  t.field({
    type: QueueMessageType,
    nullable: true,
    description: "A message of this installation; null when neither the outbox nor the queue knows one of this id.",
    authScopes: viewers,
    args: { id: t.arg.string({ required: true, description: "Its `messageId`." }) },
    resolve: async (_root, { id }, { ctx }) => {
      const found = await fromQueue(findMessage(ctx, { id }));
      return isRefusal(found) ? null : shownOne(ctx, found);
    },
  }),
);

builder.objectField(RunType, "openMessages", (t) =>
  t.field({
    type: [QueueMessageType],
    description:
      "The messages that it waits for, the oldest first: the last one about each piece of its unfinished work. None " +
      "while it is paused.",
    complexity: ({ first }) => ({ field: 10, multiplier: Math.min(first ?? pageSizes.usual, pageSizes.most) }),
    args: {
      first: t.arg.int({ description: `How many at most, 1–${pageSizes.most}; ${pageSizes.usual} unless given.` }),
    },
    resolve: async ({ id }, { first }, { ctx }) =>
      shown(ctx, await fromQueue(openMessages(ctx, { of: "run", id, limit: checkedSize(first ?? pageSizes.usual) }))),
  }),
);

refusable("retryMessage", {
  description:
    "Does not wait for a message's next try: a fresh one, with all its tries before it, takes its place. Answers " +
    "that one. A message that the queue refused is offered to it again at once.",
  scopes: { platform: "editor" },
  result: QueueMessageType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({ messageId: t.string({ required: true, description: "Which one." }) }),
  resolve: async ({ messageId }, ctx) => {
    const retried = await fromQueue(retryMessage(ctx, { id: messageId }));
    return isRefusal(retried) ? retried : shownOne(ctx, retried);
  },
});

refusable("cancelMessage", {
  description:
    "Takes a message out of the outbox or the queue. Its work stays undone; while a run still wants it, the sweep " +
    "publishes a message anew within two minutes: to stop a run, pause or cancel its campaign.",
  scopes: { platform: "admin" },
  result: QueueMessageType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({ messageId: t.string({ required: true, description: "Which one." }) }),
  resolve: async ({ messageId }, ctx) => {
    const cancelled = await fromQueue(cancelMessage(ctx, { id: messageId }));
    return isRefusal(cancelled) ? cancelled : shownOne(ctx, cancelled);
  },
});
