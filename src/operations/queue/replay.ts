import { QstashError } from "@upstash/qstash";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import type { Message } from "../../queue/message.ts";
import { enqueue } from "../../queue/outbox.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import {
  type DeadLetter,
  type DeadLetterFilter,
  deadLetterPage,
  findDeadLetter,
  listDeadLetters,
  pageOrRefusal,
} from "./dead-letter.ts";
import { isPublishable, readMessage, unpark } from "./republishable.ts";

/**
 * Publishes a dead message again. Its parked page or batch is taken up first and a run that had FAILED runs on, so that
 * the message finds work to do; doing it twice harms nothing. NOT_FOUND for what is not, or no longer, a dead letter of
 * ours.
 */
export async function replayDeadLetter(ctx: Context, { id }: { id: string }) {
  const letter = await findDeadLetter(ctx, id);
  if (!letter) return refuse.notFound("dead letter", id);
  await replay(ctx, [letter]);
  return letter;
}

/** Dead letters replayed in one call at most: as many as the queue takes by their ids. */
export const replayLimit = 100;
/** Requests made at most to look for words in the answers. */
const lookups = 20;

export interface ReplayRequest extends DeadLetterFilter {
  /** Words of the last answer, in capitals or not. */
  readonly answerContains?: string | undefined;
  /** Where an earlier call left off. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface Replays {
  readonly replayed: number;
  /** Whether there may be more. */
  readonly more: boolean;
  /** Where to go on with them; null for the newest again. */
  readonly next: string | null;
}

/**
 * Publishes dead messages again that a filter lets through, newest first, up to `limit`. INVALID_INPUT names faults of
 * the request.
 */
export async function replayDeadLetters(ctx: Context, request: ReplayRequest) {
  const { limit, after } = request;
  if (limit < 1 || limit > replayLimit) {
    return refuse.invalid([{ path: "limit", message: `must be between 1 and ${replayLimit}` }]);
  }
  const found = await (request.answerContains ? containing(ctx, request) : listDeadLetters(ctx, request));
  if (isRefusal(found)) return found;
  await replay(ctx, found.letters);
  return { replayed: found.letters.length, more: found.next !== undefined, next: found.next || (after ?? null) };
}

/**
 * The letters that say the words. Where a page holds more of them than there is room for, it is looked through again.
 */
async function containing(ctx: Context, { answerContains = "", after, limit, ...filter }: ReplayRequest) {
  const words = answerContains.toLowerCase();
  const letters: DeadLetter[] = [];
  let cursor = after;
  for (let lookup = 0; lookup < lookups && letters.length < limit; lookup++) {
    const search = { ...filter, after: cursor, limit: 100 };
    const page = await pageOrRefusal(search, () => deadLetterPage(ctx, search));
    if (isRefusal(page)) return page;
    const matching = page.letters.filter(({ answer }) => answer?.toLowerCase().includes(words));
    const room = limit - letters.length;
    letters.push(...matching.slice(0, room));
    if (matching.length > room) return { letters, next: cursor ?? "" };
    cursor = page.next;
    if (cursor === undefined) break;
  }
  return { letters, next: cursor };
}

/**
 * Publishes a message in the place of a dead one, with another payload, and takes up what was parked of either.
 * NOT_FOUND as for {@link replayDeadLetter}; INVALID_INPUT names each fault of the payload with its path; WRONG_STATE
 * where the job's messages cannot be edited.
 */
export async function editAndReplayDeadLetter(ctx: Context, { id, payload }: { id: string; payload: unknown }) {
  const letter = await findDeadLetter(ctx, id);
  if (!letter) return refuse.notFound("dead letter", id);
  const { job, flow } = letter;
  if (!isPublishable(ctx, job)) {
    return refuse.wrongState(`What ${job} is told cannot be edited, only replayed or deleted.`, "DEAD");
  }
  const message = readMessage(ctx, { job, payload, flow });
  if (!("name" in message)) return refuse.invalid(message);
  await ctx.db.write([
    auditDeed(ctx, subjectOf("dead-letter", letter.messageId), `edited and replayed a message for ${job}`),
  ]);
  // Of the old one, too: with its letter gone, nobody else would take up what was parked of it.
  await unpark(ctx, letter);
  await unpark(ctx, { job, payload });
  await publish(ctx, [{ letter, message }]);
  logEach(ctx, "dead-letter.edited", [letter]);
  return { ...letter, payload };
}

/**
 * What the outbox could have published goes through it again, so that the sweep and `queueMessages` know the new
 * message by its subject; the rest the queue repeats by itself.
 */
async function replay(ctx: Context, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await ctx.db.write(
    letters.map(({ job, messageId }) =>
      auditDeed(ctx, subjectOf("dead-letter", messageId), `replayed a message for ${job}`),
    ),
  );
  // Work taken up whose message is then not published is work without a message: the sweep finds it.
  await Promise.all(letters.map((letter) => unpark(ctx, letter)));
  const fit: Replacement[] = [];
  const others: string[] = [];
  for (const letter of letters) {
    const message = readMessage(ctx, letter);
    if ("name" in message) fit.push({ letter, message });
    else others.push(letter.id);
  }
  if (fit.length > 0) await publish(ctx, fit);
  if (others.length > 0) await repeatAtQueue(ctx, others);
  logEach(ctx, "dead-letter.replayed", letters);
}

/** Those that are gone meanwhile somebody else has replayed, or deleted. */
async function repeatAtQueue({ queue }: Context, ids: string[]): Promise<void> {
  try {
    await queue.client.dlq.retry(ids);
  } catch (error) {
    if (!(error instanceof QstashError && error.status === 404)) throw error;
  }
}

interface Replacement {
  readonly letter: DeadLetter;
  readonly message: Message;
}

/** First the messages, then the letters away: what happens in between is done twice, not lost. */
async function publish(ctx: Context, replacements: readonly Replacement[]): Promise<void> {
  const messages = replacements.map(({ message }) => message);
  await ctx.db.write([enqueue(ctx, messages)]);
  await ctx.queue.client.dlq.delete(replacements.map(({ letter }) => letter.id));
}

function logEach(ctx: Context, event: string, letters: readonly DeadLetter[]): void {
  for (const { job, messageId } of letters) {
    ctx.log("info", event, { job, message: messageId, actor: describeActor(ctx.actor) });
  }
}
