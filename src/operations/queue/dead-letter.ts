import { type Client, QstashError } from "@upstash/qstash";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { flowOfKey } from "../../queue/flow.ts";
import { addressOfJob, jobAt } from "../../queue/installation.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";

type DlqMessage = Awaited<ReturnType<Client["dlq"]["listMessages"]>>["messages"][number];

/** A message of ours that the queue has given up. */
export interface DeadLetter {
  /** The queue's name for it among its dead letters. */
  readonly id: string;
  readonly messageId: string;
  /** The job that it was for. */
  readonly job: string;
  /** What it said; null when that is no JSON. */
  readonly payload: unknown;
  readonly flow: string | null;
  /** The last answer's HTTP status; null when none came. */
  readonly status: number | null;
  /** The last answer, shortened. */
  readonly answer: string | null;
  /** How often it was to be tried again at most; an answer of 489 ends it sooner. */
  readonly retries: number | null;
  /** Milliseconds. */
  readonly createdAt: number;
  /** When it was given up, in milliseconds; null where the queue does not say. */
  readonly diedAt: number | null;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** The queue's own cursor; absent on the last page. */
  readonly next: string | undefined;
}

/** Requests made at most to fill one page, where the queue's dead letters are mostly another installation's. */
const rounds = 5;

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  readonly job?: string | undefined;
  /** HTTP status of the last answer. */
  readonly status?: number | undefined;
}

export interface DeadLetterSearch extends DeadLetterFilter {
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Our dead letters, newest first, all or those that a filter lets through. A page may hold fewer than `limit` and still
 * have a next one. INVALID_INPUT for a cursor that the queue did not give.
 */
export function listDeadLetters(ctx: Context, search: DeadLetterSearch) {
  return pageOrRefusal(search, () => gathered(ctx, search));
}

/** Longer ones are no name that the queue gives, and would not fit into a request to it. */
export const longestName = 500;

/**
 * What a question to the queue finds: nothing for a job that cannot be, and a refusal for a cursor that the queue did
 * not give.
 */
export async function pageOrRefusal(
  { job, after }: Pick<DeadLetterSearch, "job" | "after">,
  ask: () => Promise<DeadLetterPage>,
) {
  if (job !== undefined && job.length > longestName) return { letters: [], next: undefined };
  const notCursor = refuse.invalid([{ path: "after", message: "is not a cursor of this list" }]);
  if (after !== undefined && after.length > longestName) return notCursor;
  try {
    return await ask();
  } catch (error) {
    if (after !== undefined && error instanceof QstashError && error.status === 400) return notCursor;
    throw error;
  }
}

async function gathered(ctx: Context, { after, limit, ...filter }: DeadLetterSearch): Promise<DeadLetterPage> {
  const letters: DeadLetter[] = [];
  let cursor = after;
  for (let round = 0; round < rounds; round++) {
    const page = await deadLetterPage(ctx, { ...filter, after: cursor, limit: limit - letters.length });
    letters.push(...page.letters);
    cursor = page.next;
    if (cursor === undefined || letters.length >= limit) break;
  }
  return { letters, next: cursor };
}

/**
 * What one request finds: of the queue's next `limit` dead letters, at most 100, those that are ours. Throws for a
 * cursor that is none.
 */
export async function deadLetterPage(
  ctx: Context,
  { job, status, after, limit }: DeadLetterSearch,
): Promise<DeadLetterPage> {
  const filter = {
    ...(job !== undefined && { url: addressOfJob(ctx.queue.settings, job) }),
    ...(status !== undefined && { responseStatus: status }),
  };
  const { messages, cursor } = await ctx.queue.client.dlq.listMessages({
    count: Math.min(limit, 100),
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(after !== undefined && { cursor: after }),
  });
  return { letters: messages.flatMap((message) => letterOf(ctx, message) ?? []), next: cursor || undefined };
}

/** Removes a dead letter for good; what it was to do stays undone and parked. NOT_FOUND as for replaying it. */
export async function deleteDeadLetter(ctx: Context, { id }: { id: string }) {
  const letter = await findDeadLetter(ctx, id);
  if (!letter) return refuse.notFound("dead letter", id);
  const { deleted } = await ctx.queue.client.dlq.delete([id]);
  if (deleted > 0) {
    const what = `deleted a message for ${letter.job}`;
    await ctx.db.write([auditDeed(ctx, subjectOf("dead-letter", letter.messageId), what)]);
  }
  ctx.log("info", "dead-letter.deleted", {
    job: letter.job,
    message: letter.messageId,
    actor: describeActor(ctx.actor),
  });
  return deleted > 0 ? letter : refuse.notFound("dead letter", id);
}

/** The dead letter of this id, if there is one and it is ours. */
export async function findDeadLetter(ctx: Context, id: string): Promise<DeadLetter | undefined> {
  if (id.length > longestName) return undefined;
  const { messages } = await ctx.queue.client.dlq.listMessages({ dlqIds: [id] });
  const message = messages.find(({ dlqId }) => dlqId === id);
  return message && letterOf(ctx, message);
}

/** The letter, unless it is another's: a queue's account may serve more than one installation. */
function letterOf({ queue }: Context, message: DlqMessage): DeadLetter | undefined {
  const job = jobAt(queue.settings, message.url);
  if (job === undefined) return undefined;
  const died = Number(/^(\d{13})-/.exec(message.dlqId)?.[1] ?? Number.NaN);
  return {
    id: message.dlqId,
    messageId: message.messageId,
    job,
    payload: payloadOf(message),
    flow: message.flowControlKey ? (flowOfKey(queue.settings, message.flowControlKey) ?? null) : null,
    status: message.responseStatus || null,
    answer: message.responseBody?.slice(0, 2_000) ?? null,
    retries: message.maxRetries ?? null,
    createdAt: message.createdAt,
    diedAt: Number.isNaN(died) ? null : died,
  };
}

function payloadOf({ body, bodyBase64 }: DlqMessage): unknown {
  try {
    return JSON.parse(body ?? Buffer.from(bodyBase64 ?? "", "base64").toString());
  } catch {
    return null;
  }
}
