import { type DeadLetter, deleteDeadLetter, listDeadLetters } from "../../operations/queue/dead-letter.ts";
import {
  editAndReplayDeadLetter,
  type Replays,
  replayDeadLetter,
  replayDeadLetters,
  replayLimit,
} from "../../operations/queue/replay.ts";
import { builder } from "../kit/builder.ts";
import { checkedSize, pageSizes } from "../kit/connection.ts";
import { connectionType } from "../kit/connection-type.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { fromQueue } from "./queue-answer.ts";

const viewers = { platform: "viewer" } as const;

const DeadLetterType = builder.objectRef<DeadLetter>("DeadLetter").implement({
  description: "A message that the queue has given up: what it was to do is undone until it is replayed.",
  authScopes: viewers,
  fields: (t) => ({
    letterId: t.exposeString("id", {
      description: "The queue's name for it, for `replayDeadLetter` and `deleteDeadLetter`.",
    }),
    messageId: t.exposeString("messageId", { description: "The message's id, as the log has it." }),
    job: t.exposeString("job", {
      description: "The job that it was for, e.g. campaign-page; `failed` tells of another's end.",
    }),
    payload: t.expose("payload", { type: "JSON", nullable: true, description: "What it said; ids only." }),
    flow: t.exposeString("flow", { nullable: true, description: "The flow that it travelled in, e.g. pages." }),
    status: t.exposeInt("status", {
      nullable: true,
      description: "HTTP status of the last answer; null when none came.",
    }),
    answer: t.exposeString("answer", { nullable: true, description: "The last answer, its first 2,000 characters." }),
    retries: t.exposeInt("retries", {
      nullable: true,
      description: "How often it was tried again at most; status 489 ends it at once.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was published." }),
    diedAt: t.expose("diedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was given up, where the queue says.",
    }),
  }),
});

const cursorOf = ({ id }: DeadLetter) => id;

builder.queryField("deadLetters", (t) =>
  t.field({
    type: connectionType(DeadLetterType, false),
    description:
      "Dead letters of this installation, the newest first. A page may hold fewer than asked and still have a next " +
      "one.",
    authScopes: viewers,
    complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? pageSizes.usual, pageSizes.most) }),
    args: {
      job: t.arg.string({ description: "Only those for this job, e.g. campaign-page." }),
      status: t.arg.int({ description: "Only those whose last answer had this HTTP status." }),
      first: t.arg.int({ description: `How many at most, 1–${pageSizes.most}; ${pageSizes.usual} unless given.` }),
      after: t.arg.string({ description: "Go on after this cursor: `pageInfo.endCursor` of the page before." }),
    },
    resolve: async (_root, { job, status, first, after }, { ctx }) => {
      const limit = checkedSize(first ?? pageSizes.usual);
      const filter = { job: job ?? undefined, status: status ?? undefined };
      const page = await fromQueue(listDeadLetters(ctx, { ...filter, after: after ?? undefined, limit }));
      const { letters, next } = unwrap(page);
      const ends = { startCursor: letters[0]?.id ?? null, endCursor: next ?? letters.at(-1)?.id ?? null };
      const pageInfo = { hasNextPage: next !== undefined, hasPreviousPage: after != null, ...ends };
      return { nodes: letters, cursorOf, pageInfo, totalCount: () => letters.length };
    },
  }),
);

refusable("replayDeadLetter", {
  description:
    "Publishes a dead message again, once its cause is mended. A run that had FAILED because of it runs on; doing " +
    "it twice harms nothing.",
  scopes: { platform: "editor" },
  result: DeadLetterType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({ letterId: t.string({ required: true, description: "Which one." }) }),
  resolve: ({ letterId }, ctx) => fromQueue(replayDeadLetter(ctx, { id: letterId })),
});

refusable("editAndReplayDeadLetter", {
  description:
    "Publishes a message with another payload in the place of a dead one, whose letter is then gone. A run that had " +
    "FAILED because of it runs on.",
  scopes: { platform: "editor" },
  result: DeadLetterType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    letterId: t.string({ required: true, description: "Which one." }),
    payload: t.field({
      type: "JSON",
      required: true,
      description: "What the message is to say; faults are named by their path.",
    }),
  }),
  resolve: ({ letterId, payload }, ctx) => fromQueue(editAndReplayDeadLetter(ctx, { id: letterId, payload })),
});

const ReplaysType = builder.objectRef<Replays>("DeadLetterReplays").implement({
  description: "What became of many dead letters.",
  authScopes: viewers,
  fields: (t) => ({
    replayed: t.exposeInt("replayed", { description: "How many were published again." }),
    more: t.exposeBoolean("more", { description: "Whether there may be more of them: ask again." }),
    endCursor: t.exposeString("next", {
      nullable: true,
      description: "Where to go on, as `after`; without it the next call begins with the newest.",
    }),
  }),
});

refusable("replayDeadLetters", {
  description: "Publishes dead messages again, the newest first: all, or those that meet every condition given.",
  scopes: { platform: "editor" },
  result: ReplaysType,
  refusals: {},
  input: (t) => ({
    job: t.string({ description: "Only those for this job, e.g. campaign-page." }),
    status: t.int({ description: "Only those whose last answer had this HTTP status." }),
    answerContains: t.string({ description: "Only those whose last answer holds these words, in capitals or not." }),
    limit: t.int({ description: `How many at most, 1–${replayLimit}; ${replayLimit} unless given.` }),
    after: t.string({ description: "Go on where an earlier call left off: its `endCursor`." }),
  }),
  resolve: ({ job, status, answerContains, limit, after }, ctx) =>
    fromQueue(
      replayDeadLetters(ctx, {
        job: job ?? undefined,
        status: status ?? undefined,
        answerContains: answerContains ?? undefined,
        limit: limit ?? replayLimit,
        after: after ?? undefined,
      }),
    ),
});

refusable("deleteDeadLetter", {
  description:
    "Removes a dead letter for good. What it was to do stays undone: a run that FAILED because of it stays so.",
  scopes: { platform: "admin" },
  result: DeadLetterType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({ letterId: t.string({ required: true, description: "Which one." }) }),
  resolve: ({ letterId }, ctx) => fromQueue(deleteDeadLetter(ctx, { id: letterId })),
});
