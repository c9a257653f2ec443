import { type PublishBatchRequest, QstashError } from "@upstash/qstash";
import { withoutNulls } from "../foreign-json.ts";
import { eventsAnnounced } from "./event/event.ts";
import { eventGroup } from "./event/group.ts";
import { configuredLimits, defaultFlow, flowKey } from "./flow.ts";
import { addressOfJob, nameAtQueue } from "./installation.ts";
import type { Queue, QueueSettings } from "./qstash.ts";

/** A row of the outbox that the queue has not taken. */
export interface WaitingRow {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly payload: string;
  readonly flow: string | null;
  readonly not_before: number | null;
  readonly attempts: number;
}

/** What the queue said to a row: its name for the message, why it refuses this one, or that it could not be asked. */
export type Answer = { readonly row: WaitingRow } & (
  | { readonly messageId: string }
  | { readonly refused: string }
  | { readonly outage: string }
);

/**
 * Offers rows to the queue in one batch. One that is refused as a whole is divided until the row at fault stands alone.
 */
export async function publish(queue: Queue, waiting: readonly WaitingRow[]): Promise<Answer[]> {
  try {
    const answers = await queue.client.batch(waiting.map((row) => toRequest(queue.settings, row)));
    return waiting.map((row, i) => ({ row, ...itemOf(withoutNulls(answers[i])) }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!isRefused(error)) return waiting.map((row) => ({ row, outage: reason }));
    if (waiting.length === 1) return waiting.map((row) => ({ row, refused: reason }));
    const half = Math.ceil(waiting.length / 2);
    return [...(await publish(queue, waiting.slice(0, half))), ...(await publish(queue, waiting.slice(half)))];
  }
}

/** Whether the queue has read the request and will not have it; everything else passes. */
function isRefused(error: unknown): boolean {
  const status = error instanceof QstashError ? error.status : undefined;
  return status !== undefined && [400, 404, 412, 413, 422].includes(status);
}

/** Every item of a batch answer is checked: the queue may take some and refuse others. */
function itemOf(answer: unknown): { messageId: string } | { refused: string } {
  if (Array.isArray(answer)) return groupOf(answer);
  if (typeof answer === "object" && answer !== null && "messageId" in answer)
    return { messageId: String(answer.messageId) };
  return { refused: JSON.stringify(answer ?? "the queue answered nothing for this message").slice(0, 500) };
}

/**
 * A URL group answers for each of its endpoints: their messages as JSON, by the name of the job. A group that nobody is
 * in yet has taken nothing, so the row waits; and one that has not taken all is asked again for all, for the
 * deduplication id absorbs the rest.
 */
function groupOf(answers: readonly unknown[]): { messageId: string } | { refused: string } {
  if (answers.length === 0) return { refused: "the URL group has no endpoints yet" };
  const ids: Record<string, string> = {};
  for (const answer of answers) {
    const item = itemOf(answer);
    if ("refused" in item) return item;
    ids[jobIn(answer)] = item.messageId;
  }
  return { messageId: JSON.stringify(ids) };
}

function jobIn(answer: unknown): string {
  const url = typeof answer === "object" && answer !== null && "url" in answer ? String(answer.url) : "";
  return url.split("/").at(-1) ?? "";
}

function toRequest(settings: QueueSettings, row: WaitingRow): PublishBatchRequest {
  const flow = row.flow ?? defaultFlow;
  const limits = configuredLimits(settings, flow);
  return {
    ...(row.name === eventsAnnounced.name
      ? { urlGroup: eventGroup(settings) }
      : { url: addressOfJob(settings, row.name) }),
    body: row.payload,
    headers: { "Content-Type": "application/json" },
    deduplicationId: nameAtQueue(settings, row.id),
    retries: settings.retries,
    label: nameAtQueue(settings, row.name),
    failureCallback: addressOfJob(settings, "failed"),
    ...(row.not_before === null ? {} : { notBefore: Math.ceil(row.not_before / 1000) }),
    ...(limits && {
      flowControl: { key: flowKey(settings, flow), parallelism: limits.parallelism, ...rateOf(limits) },
    }),
  };
}

function rateOf(flow: { ratePerSecond?: number }): { rate?: number; period?: "1s" } {
  return flow.ratePerSecond === undefined ? {} : { rate: flow.ratePerSecond, period: "1s" };
}
