import type { Context } from "../../context.ts";
import { explainer } from "../../operations/queue/explain.ts";
import type { Attempt, QueueMessage, QueueMessageState } from "../../operations/queue/message.ts";
import type { Verdict, Why } from "../../operations/queue/why.ts";
import { builder } from "../kit/builder.ts";
import { fromQueue } from "./queue-answer.ts";

const viewers = { platform: "viewer" } as const;

/** A message, and why it is where it is, which is found out when asked for. */
export type ShownMessage = QueueMessage & { readonly why: () => Promise<Why> };

export function shown(ctx: Context, messages: readonly QueueMessage[]): ShownMessage[] {
  const explain = explainer(ctx);
  return messages.map((message) => ({ ...message, why: () => explain(message) }));
}

export function shownOne(ctx: Context, message: QueueMessage): ShownMessage {
  return { ...message, why: () => explainer(ctx)(message) };
}

const stateWords: Readonly<Record<QueueMessageState, string>> = {
  OUTBOX: "Committed here, and not yet taken by the queue.",
  WAITING: "In the queue, not tried yet.",
  RUNNING: "Being delivered now.",
  RETRYING: "Tried in vain, to be tried again.",
  DELIVERED: "Done.",
  DEAD: "Given up: see its dead letter.",
  CANCELLED: "Taken out of the queue.",
  UNKNOWN: "The queue's log does not tell of it, or no more.",
};

export const QueueMessageStateEnum = builder.enumType("QueueMessageState", {
  description: "How far a message is.",
  values: enumValues(stateWords),
});

const outcomeWords: Readonly<Record<Attempt["outcome"], string>> = {
  RUNNING: "Not ended yet.",
  DELIVERED: "The job did its work.",
  FAILED: "The job could not, or did not answer.",
  UNKNOWN: "Nobody heard how it ended: cancelled, or the queue was stopped.",
};

const AttemptOutcome = builder.enumType("QueueAttemptOutcome", {
  description: "How an attempt ended.",
  values: enumValues(outcomeWords),
});

const verdictWords: Readonly<Record<Verdict, string>> = {
  WAITING_IN_OUTBOX: "The queue has not taken it: it is away, or refuses it.",
  DELAYED: "It is meant for later.",
  FLOW_PAUSED: "Its flow was paused.",
  THROTTLED: "Its flow, or the whole queue, delivers as much as its limits let it.",
  DUE: "It is due, and nothing holds it back.",
  RUNNING: "It is being delivered.",
  RETRYING: "Its last attempt failed; it waits for the next.",
  DEAD: "It was given up.",
  DELIVERED: "It was delivered.",
  CANCELLED: "It was cancelled.",
  UNKNOWN: "The queue does not know it, or no more.",
};

const QueueVerdict = builder.enumType("QueueVerdict", {
  description: "What keeps a message where it is.",
  values: enumValues(verdictWords),
});

function enumValues<Value extends string>(words: Readonly<Record<Value, string>>) {
  return Object.fromEntries(
    (Object.keys(words) as Value[]).map((value) => [value, { value, description: words[value] }]),
  );
}

const QueueWhyType = builder.objectRef<Why>("QueueWhy").implement({
  description: "Why a message is where it is, and what to do about it.",
  authScopes: viewers,
  fields: (t) => ({
    verdict: t.expose("verdict", { type: QueueVerdict, description: "For programs." }),
    summary: t.exposeString("summary", { description: "For people, with the figures and the last error." }),
    advice: t.exposeString("advice", { description: "What to do next." }),
    until: t.expose("until", {
      type: "DateTime",
      nullable: true,
      description: "When this ends by itself, where that is known.",
    }),
    letterId: t.exposeString("letterId", { nullable: true, description: "Of a dead message: its dead letter." }),
  }),
});

const QueueAttemptType = builder.objectRef<Attempt>("QueueAttempt").implement({
  description: "One try to deliver a message.",
  authScopes: viewers,
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When it began." }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it ended." }),
    outcome: t.expose("outcome", { type: AttemptOutcome, description: "How it ended." }),
    status: t.exposeInt("status", { nullable: true, description: "HTTP status, where it failed with one." }),
    answer: t.exposeString("answer", {
      nullable: true,
      description: "What the failure said, its first 500 characters.",
    }),
    nextAt: t.expose("nextAt", { type: "DateTime", nullable: true, description: "When it was to be tried again." }),
  }),
});

export const QueueMessageType = builder.objectRef<ShownMessage>("QueueMessage").implement({
  description: "A message: work that the queue hands to a job of ours.",
  authScopes: viewers,
  fields: (t) => ({
    messageId: t.exposeString("id", {
      description: "The queue's name for it, as the log has it; the outbox's while it waits there.",
    }),
    job: t.exposeString("job", { description: "The job that it is for, e.g. campaign-page." }),
    label: t.exposeString("label", { nullable: true, description: "What the queue's own console shows it as." }),
    subject: t.exposeString("subject", { nullable: true, description: "What it is about, e.g. `page/7/12`." }),
    payload: t.expose("payload", { type: "JSON", nullable: true, description: "What it says; ids only." }),
    flow: t.exposeString("flow", { nullable: true, description: "The flow that it travels in, e.g. pages." }),
    state: t.expose("state", { type: QueueMessageStateEnum, description: "How far it is." }),
    createdAt: t.expose("createdAt", { type: "DateTime", nullable: true, description: "When it was committed." }),
    notBefore: t.expose("notBefore", {
      type: "DateTime",
      nullable: true,
      description: "Not delivered before this time.",
    }),
    attempts: t.expose("attempts", { type: [QueueAttemptType], description: "Its tries, the first one first." }),
    why: t.field({
      type: QueueWhyType,
      description: "Why it is where it is, and what to do about it. Asks the queue.",
      complexity: 5,
      resolve: ({ why }) => fromQueue(why()),
    }),
  }),
});
