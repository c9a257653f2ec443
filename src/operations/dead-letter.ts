import { type Client, QstashError } from "@upstash/qstash";
import { unpark as unparkCampaign } from "../campaign/parking.ts";
import { type Context, describeActor } from "../context.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { unpark as unparkWebhook } from "../webhook/parking.ts";

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

/**
 * Our dead letters, newest first, for one job or all. A page may hold fewer than `limit` and still have a next one. INVALID_INPUT for a
 * cursor that the queue did not give.
 */
export async function listDeadLetters(
  ctx: Context,
  { job, after, limit }: { job?: string | undefined; after?: string | undefined; limit: number },
): Promise<DeadLetterPage | Refusal> {
  if (job !== undefined && job.length > longestName) return { letters: [], next: undefined };
  const notCursor = refuse.invalid([{ path: "after", message: "is not a cursor of this list" }]);
  if (after !== undefined && after.length > longestName) return notCursor;
  try {
    return await gathered(ctx, { job, after, limit });
  } catch (error) {
    if (after !== undefined && error instanceof QstashError && error.status === 400) return notCursor;
    throw error;
  }
}

/** Longer ones are no name that the queue gives, and would not fit into a request to it. */
const longestName = 500;

async function gathered(
  ctx: Context,
  { job, after, limit }: { job: string | undefined; after: string | undefined; limit: number },
): Promise<DeadLetterPage> {
  const { dlq } = ctx.queue.client;
  const letters: DeadLetter[] = [];
  let cursor = after;
  for (let round = 0; round < rounds; round++) {
    const found = await dlq.listMessages({
      count: limit - letters.length,
      ...(job === undefined ? {} : { filter: { url: `${ctx.queue.settings.jobsUrl}/${job}` } }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    letters.push(...found.messages.flatMap((message) => letterOf(ctx, message) ?? []));
    cursor = found.cursor || undefined;
    if (cursor === undefined || letters.length >= limit) break;
  }
  return { letters, next: cursor };
}

/**
 * Publishes a dead message again. Its parked page or batch is taken up first and a run that had FAILED runs on, so that the message finds
 * work to do; doing it twice harms nothing. NOT_FOUND for what is not, or no longer, a dead letter of ours.
 */
export async function replayDeadLetter(ctx: Context, { id }: { id: string }): Promise<DeadLetter | Refusal> {
  const letter = await findDeadLetter(ctx, id);
  if (!letter) return refuse.notFound("dead letter", id);
  await replay(ctx, [letter]);
  return letter;
}

/** Dead letters replayed in one call at most: as many as the queue takes by their ids. */
export const replayLimit = 100;

/** Publishes a job's dead messages again, newest first, up to `limit`; says how many, and whether there may be more. */
export async function replayDeadLetters(
  ctx: Context,
  { job, limit }: { job: string; limit: number },
): Promise<{ readonly replayed: number; readonly more: boolean } | Refusal> {
  if (limit < 1 || limit > replayLimit) {
    return refuse.invalid([{ path: "limit", message: `must be between 1 and ${replayLimit}` }]);
  }
  const page = await listDeadLetters(ctx, { job, limit });
  if (isRefusal(page)) return page;
  const { letters, next } = page;
  await replay(ctx, letters);
  return { replayed: letters.length, more: next !== undefined };
}

/** Removes a dead letter for good; what it was to do stays undone and parked. NOT_FOUND as for {@link replayDeadLetter}. */
export async function deleteDeadLetter(ctx: Context, { id }: { id: string }): Promise<DeadLetter | Refusal> {
  const letter = await findDeadLetter(ctx, id);
  if (!letter) return refuse.notFound("dead letter", id);
  const { deleted } = await ctx.queue.client.dlq.delete([id]);
  ctx.log("info", "dead-letter.deleted", {
    job: letter.job,
    message: letter.messageId,
    actor: describeActor(ctx.actor),
  });
  return deleted > 0 ? letter : refuse.notFound("dead letter", id);
}

async function findDeadLetter(ctx: Context, id: string): Promise<DeadLetter | undefined> {
  if (id.length > longestName) return undefined;
  const { messages } = await ctx.queue.client.dlq.listMessages({ dlqIds: [id] });
  const message = messages.find(({ dlqId }) => dlqId === id);
  return message && letterOf(ctx, message);
}

/** How each domain takes parked work up again; a domain adds its map here when it comes. */
const unparkers = { ...unparkCampaign, ...unparkWebhook };

async function replay(ctx: Context, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  // Work taken up whose message is then not published is work without a message: the sweep finds it.
  await Promise.all(letters.map(({ job, payload }) => unparkers[job]?.(ctx, payload)));
  await ctx.queue.client.dlq.retry(letters.map(({ id }) => id));
  for (const { job, messageId } of letters) {
    ctx.log("info", "dead-letter.replayed", { job, message: messageId, actor: describeActor(ctx.actor) });
  }
}

/** The letter, unless it is another's: a queue's account may serve more than one installation. */
function letterOf({ queue }: Context, message: DlqMessage): DeadLetter | undefined {
  const prefix = `${queue.settings.jobsUrl}/`;
  if (!message.url.startsWith(prefix)) return undefined;
  const died = Number(/^(\d{13})-/.exec(message.dlqId)?.[1] ?? Number.NaN);
  return {
    id: message.dlqId,
    messageId: message.messageId,
    job: message.url.slice(prefix.length),
    payload: payloadOf(message),
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
