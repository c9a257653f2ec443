import { QstashError } from "@upstash/qstash";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { addressOfJob } from "../../queue/installation.ts";
import { longestName } from "./dead-letter.ts";
import { historyOf, type LogEntry, mostEntries, readLog } from "./log.ts";
import { type QueueMessage, type QueueMessageState, stateOf, toMessage } from "./message.ts";
import { type OutboxRow, rowById, rowsAbout, rowsOf, waitingRows } from "./outbox.ts";
import { subjectOf } from "./republishable.ts";

export interface MessagePage {
  readonly messages: readonly QueueMessage[];
  /** Where to go on; absent on the last page. */
  readonly next: string | undefined;
}

export interface MessageSearch {
  readonly state?: QueueMessageState | undefined;
  readonly job?: string | undefined;
  readonly subject?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Messages of ours, newest first: those about a subject and those that wait in the outbox as the outbox knows them,
 * others as the queue's log tells of them. A page may hold fewer than `limit` and still have a next one. INVALID_INPUT
 * for a cursor of another list.
 */
export async function listMessages(ctx: Context, search: MessageSearch) {
  const { subject, state, job, after, limit } = search;
  const isRows = subject !== undefined || state === "OUTBOX";
  const [, kind, cursor = ""] = /^(row|log)\.([\w.:-]{1,200})$/.exec(after ?? "") ?? [];
  const isOfThis = kind === (isRows ? "row" : "log") && (kind === "log" || /^\d{1,15}$/.test(cursor));
  const notCursor = refuse.invalid([{ path: "after", message: "is not a cursor of this list" }]);
  if (after !== undefined && !isOfThis) return notCursor;
  if (job !== undefined && job.length > longestName) return { messages: [], next: undefined };
  if (!isRows) {
    return fromLog(ctx, search, after === undefined ? undefined : cursor).catch((error) => {
      if (after !== undefined && error instanceof QstashError && error.status === 400) return notCursor;
      throw error;
    });
  }
  const page = { before: after === undefined ? undefined : Number(cursor), limit: limit + 1 };
  const found =
    subject === undefined ? await waitingRows(ctx, { ...page, job }) : await rowsAbout(ctx, { ...page, subject });
  const rows = found.slice(0, limit);
  const messages = (await messagesOfRows(ctx, rows)).filter(
    (message) => (state ?? message.state) === message.state && (job ?? message.job) === message.job,
  );
  return { messages, next: found.length > limit ? `row.${rows.at(-1)?.seq}` : undefined };
}

/** The message of this id, the queue's or the outbox's. NOT_FOUND where neither knows one of ours. */
export async function findMessage(ctx: Context, { id }: { id: string }) {
  if (!/^[\w.:-]{1,200}$/.test(id)) return refuse.notFound("message", id.slice(0, 200));
  const row = await rowById(ctx, id);
  const [ofRow] = row ? await messagesOfRows(ctx, [row]) : [];
  if (ofRow) return ofRow;
  const [known] = await messagesOfLog(ctx, [id]);
  return known ?? refuse.notFound("message", id);
}

/**
 * Messages as their rows and the queue's log tell of them, in the order of the rows. One to a URL group is one for each
 * of its jobs.
 */
export async function messagesOfRows(ctx: Context, rows: readonly OutboxRow[]): Promise<QueueMessage[]> {
  const ids = rows.flatMap((row) => idsOf(row).map((id) => ({ id, row })));
  const published = ids.filter(({ row }) => row.published_at !== null);
  const histories = await historyOf(
    ctx,
    published.map(({ id }) => id),
  );
  return ids.map(({ id, row }) => toMessage(ctx, id, row, histories.get(id)));
}

function idsOf({ id, message_id }: OutboxRow): readonly string[] {
  if (message_id === null) return [id];
  return message_id.startsWith("{") ? Object.values<string>(JSON.parse(message_id)) : [message_id];
}

/** Requests made at most to fill one page, where most of the log is other messages' or other installations'. */
const rounds = 8;

/** States whose last entry in the log can be asked for; of messages in others any entry may be the last. */
const asked = {
  WAITING: "CREATED",
  RUNNING: "ACTIVE",
  RETRYING: "RETRY",
  DELIVERED: "DELIVERED",
  DEAD: "FAILED",
} as const;

async function fromLog(ctx: Context, search: MessageSearch, after: string | undefined): Promise<MessagePage> {
  const { state, job, limit } = search;
  const filter = {
    ...(job === undefined ? { host: hostOf(ctx) } : { url: addressOfJob(ctx.queue.settings, job) }),
    ...(state !== undefined && state in asked && { state: asked[state as keyof typeof asked] }),
  };
  const messages: QueueMessage[] = [];
  let cursor = after;
  for (let round = 0; round < rounds; round++) {
    const count = Math.min(mostEntries, limit - messages.length);
    const { entries, next } = await readLog(ctx, { filter, count, ...(cursor !== undefined && { cursor }) });
    const isNew = (message: QueueMessage) => !messages.some(({ id }) => id === message.id);
    const found = await messagesAt(ctx, entries, filter.state, cursor === undefined);
    messages.push(...found.filter((message) => isNew(message) && (state ?? message.state) === message.state));
    cursor = next;
    if (next === undefined || messages.length >= limit) break;
  }
  return { messages, next: cursor && `log.${cursor}` };
}

/** The messages that stand at these entries: at their newest ones, for a message is on one page alone. */
async function messagesAt(
  ctx: Context,
  entries: readonly LogEntry[],
  state: string | undefined,
  isFirst: boolean,
): Promise<QueueMessage[]> {
  const ids = [...new Set(entries.map(({ id }) => id))];
  const histories = await historyOf(ctx, ids);
  const here = ids.filter((id) => {
    const newest = histories.get(id)?.findLast((entry) => state === undefined || entry.state === state);
    return (
      isFirst || entries.some((entry) => entry.id === id && entry.at === newest?.at && entry.state === newest.state)
    );
  });
  return messagesOfLog(ctx, here, histories);
}

/** Messages of which only their ids are known; what neither the log nor the queue knows as ours is left out. */
async function messagesOfLog(
  ctx: Context,
  ids: readonly string[],
  known?: ReadonlyMap<string, LogEntry[]>,
): Promise<QueueMessage[]> {
  const histories = known ?? (await historyOf(ctx, ids));
  const there = ids.filter((id) => stateOf(histories.get(id) ?? []) !== "UNKNOWN");
  const subjects = there.flatMap((id) => {
    const last = histories.get(id)?.at(-1);
    const subject = last && subjectOf(ctx, last.job, last.payload);
    return subject ? [{ id, subject }] : [];
  });
  const rows = new Map((await rowsOf(ctx, subjects)).map((row) => [row.message_id, row]));
  return there.map((id) => toMessage(ctx, id, rows.get(id), histories.get(id)));
}

/** The host of our jobs, as the queue's filter knows it. */
export function hostOf({ queue }: Context): string {
  return new URL(queue.settings.jobsUrl).host;
}
