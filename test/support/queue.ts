import type { Operator } from "./operators.ts";
import { refusalsOf, titleOf } from "./refusals.ts";

const messageFields = `messageId job subject payload flow state createdAt notBefore
  attempts { at endedAt outcome status answer nextAt }
  why { verdict summary advice until letterId }`;

/** A message as an operator sees it. */
export interface SeenMessage {
  readonly messageId: string;
  readonly job: string;
  readonly subject: string | null;
  readonly payload: unknown;
  readonly flow: string | null;
  readonly state: string;
  readonly createdAt: string;
  readonly notBefore: string | null;
  readonly attempts: readonly {
    outcome: string;
    status: number | null;
    answer: string | null;
    nextAt: string | null;
  }[];
  readonly why: { verdict: string; summary: string; advice: string; until: string | null; letterId: string | null };
}

const idOfRun = (run: number) => btoa(`Run:${run}`);

/** The messages that a run waits for. */
export async function openMessages(operator: Operator, run: number, first = 20): Promise<SeenMessage[]> {
  const query = `query ($id: ID!, $first: Int) { run(id: $id) { openMessages(first: $first) { ${messageFields} } } }`;
  return (await operator.get(query, { id: idOfRun(run), first })).run.openMessages;
}

export async function messagesAbout(operator: Operator, subject: string): Promise<SeenMessage[]> {
  const query = `query ($subject: String) { queueMessages(subject: $subject) { nodes { ${messageFields} } } }`;
  return (await operator.get(query, { subject })).queueMessages.nodes;
}

/** A page of messages that the arguments select. */
export async function queueMessages(
  operator: Operator,
  args: string,
): Promise<{ nodes: SeenMessage[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }> {
  const query = `{ queueMessages(${args}) { nodes { ${messageFields} } pageInfo { hasNextPage endCursor } } }`;
  return (await operator.get(query)).queueMessages;
}

export async function queueMessage(operator: Operator, id: string): Promise<SeenMessage | null> {
  const query = `query ($id: String!) { queueMessage(id: $id) { ${messageFields} } }`;
  return (await operator.get(query, { id })).queueMessage;
}

const results: Readonly<Record<string, string>> = {
  pauseFlow: "QueueFlow",
  resumeFlow: "QueueFlow",
  setFlowLimits: "QueueFlow",
  clearFlowLimits: "QueueFlow",
  retryMessage: "QueueMessage",
  cancelMessage: "QueueMessage",
  replayDeadLetter: "DeadLetter",
  deleteDeadLetter: "DeadLetter",
  editAndReplayDeadLetter: "DeadLetter",
  replayDeadLetters: "DeadLetterReplays",
};

const shownFields: Readonly<Record<string, string>> = {
  QueueFlow: "name waiting running parallelism rate { most periodSeconds used opensAt } paused pinned",
  QueueMessage: "messageId subject queueState: state",
  DeadLetter: "letterId job payload",
  DeadLetterReplays: "replayed more endCursor",
};

/** Sends one of the queue's mutations and answers its result, or the refusal with all its faults. */
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
export async function act(operator: Operator, mutation: string, input: unknown): Promise<any> {
  const result = results[mutation] ?? "";
  const query = `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename
    ... on ${result} { ${shownFields[result]} } ${refusalsOf(mutation)} } }`;
  return (await operator.get(query, { input }))[mutation];
}
