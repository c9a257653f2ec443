import {
  type DeadLetter,
  type DeadLetterPage,
  deleteDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
  replayLimit,
} from "../operations/dead-letter.ts";
import { answered } from "./answered.ts";
import { builder } from "./builder.ts";
import { checkedSize, pageSizes } from "./connection.ts";
import { connectionType } from "./connection-type.ts";
import { refusable } from "./refusable.ts";

const viewers = { role: "viewer" } as const;

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

builder.queryField("deadLetters", (t) =>
  t.field({
    type: connectionType(DeadLetterType, false),
    description:
      "Dead letters of this installation, the newest first. A page may hold fewer than asked and still have a next one.",
    authScopes: viewers,
    complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? pageSizes.usual, pageSizes.most) }),
    args: {
      job: t.arg.string({ description: "Only those for this job, e.g. campaign-page." }),
      first: t.arg.int({ description: `How many at most, 1–${pageSizes.most}; ${pageSizes.usual} unless given.` }),
      after: t.arg.string({ description: "Go on after this cursor: `pageInfo.endCursor` of the page before." }),
    },
    resolve: async (_root, { job, first, after }, { ctx }) => {
      const limit = checkedSize(first ?? pageSizes.usual);
      const page = await listDeadLetters(ctx, { job: job ?? undefined, after: after ?? undefined, limit });
      const { letters, next } = answered<DeadLetterPage>(page);
      const edges = letters.map((letter) => ({ node: letter, cursor: letter.id }));
      const ends = { startCursor: edges[0]?.cursor ?? null, endCursor: next ?? edges.at(-1)?.cursor ?? null };
      const pageInfo = { hasNextPage: next !== undefined, hasPreviousPage: after != null, ...ends };
      return { edges, pageInfo, totalCount: () => letters.length };
    },
  }),
);

refusable("replayDeadLetter", {
  description:
    "Publishes a dead message again, once its cause is mended. A run that had FAILED because of it runs on; doing it twice harms nothing.",
  scopes: { role: "editor" },
  result: DeadLetterType,
  input: (t) => ({ letterId: t.string({ required: true, description: "Which one." }) }),
  resolve: ({ letterId }, ctx) => replayDeadLetter(ctx, { id: letterId }),
});

const Replays = builder
  .objectRef<{ readonly replayed: number; readonly more: boolean }>("DeadLetterReplays")
  .implement({
    description: "What became of many dead letters.",
    authScopes: viewers,
    fields: (t) => ({
      replayed: t.exposeInt("replayed", { description: "How many were published again." }),
      more: t.exposeBoolean("more", { description: "Whether there may be more of them: ask again." }),
    }),
  });

refusable("replayDeadLetters", {
  description: "Publishes a job's dead messages again, the newest first.",
  scopes: { role: "editor" },
  result: Replays,
  input: (t) => ({
    job: t.string({ required: true, description: "The job, e.g. campaign-page." }),
    limit: t.int({ description: `How many at most, 1–${replayLimit}; ${replayLimit} unless given.` }),
  }),
  resolve: ({ job, limit }, ctx) => replayDeadLetters(ctx, { job, limit: limit ?? replayLimit }),
});

refusable("deleteDeadLetter", {
  description:
    "Removes a dead letter for good. What it was to do stays undone: a run that FAILED because of it stays so.",
  scopes: { role: "admin" },
  result: DeadLetterType,
  input: (t) => ({ letterId: t.string({ required: true, description: "Which one." }) }),
  resolve: ({ letterId }, ctx) => deleteDeadLetter(ctx, { id: letterId }),
});
