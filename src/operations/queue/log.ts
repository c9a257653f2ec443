import { z } from "zod";
import type { Context } from "../../context.ts";
import { withoutNulls } from "../../foreign-json.ts";
import { flowOfKey } from "../../queue/flow.ts";
import { jobAt } from "../../queue/installation.ts";

/** One thing that happened to a message of ours, as the queue's log tells it. */
export interface LogEntry {
  readonly id: string;
  /** Milliseconds. */
  readonly at: number;
  /** CREATED, ACTIVE, ERROR, RETRY, DELIVERED, FAILED, CANCEL_REQUESTED or CANCELLED. */
  readonly state: string;
  readonly job: string;
  readonly label: string | null;
  readonly flow: string | null;
  /** What the message says; null when that is no JSON. */
  readonly payload: unknown;
  /** When it is tried next (ms). */
  readonly nextAt: number | null;
  /** HTTP status of the answer that was no success. */
  readonly status: number | null;
  /** That answer, shortened, or why none came. */
  readonly answer: string | null;
}

/** The SDK's type leaves out half of what the queue answers. */
const RawEntry = z.object({
  time: z.number(),
  state: z.string(),
  messageId: z.string(),
  url: z.string(),
  body: z.string().optional(),
  label: z.string().optional(),
  error: z.string().optional(),
  nextDeliveryTime: z.number().optional(),
  responseStatus: z.number().optional(),
  responseBody: z.string().optional(),
  flowControlKey: z.string().optional(),
});

type LogRequest = NonNullable<Parameters<Context["queue"]["client"]["logs"]>[0]>;

/** Entries that the queue answers at once at most. */
export const mostEntries = 100;

/**
 * A page of the log, newest first, less what is another installation's. `full` says that there were as many as asked
 * for.
 */
export async function readLog(
  ctx: Context,
  request: LogRequest & { readonly count: number },
): Promise<{ readonly entries: readonly LogEntry[]; readonly next: string | undefined; readonly full: boolean }> {
  const { logs, cursor } = await ctx.queue.client.logs(request);
  const entries = logs.flatMap((entry) => entryOf(ctx, entry) ?? []);
  return { entries, next: cursor ? String(cursor) : undefined, full: logs.length >= request.count };
}

/** Messages whose entries usually fit one answer. */
const together = 10;

/** All that the log has about these messages, by their ids, oldest first. */
export async function historyOf(ctx: Context, ids: readonly string[]): Promise<ReadonlyMap<string, LogEntry[]>> {
  const unique = [...new Set(ids)];
  const chunks = Array.from({ length: Math.ceil(unique.length / together) }, (_, i) =>
    unique.slice(i * together, (i + 1) * together),
  );
  const entries = (await Promise.all(chunks.map((chunk) => entriesOf(ctx, chunk)))).flat();
  return Map.groupBy(entries.reverse(), ({ id }) => id);
}

/** Newest first. Where one answer does not hold them, each message has one of its own. */
async function entriesOf(ctx: Context, ids: readonly string[]): Promise<readonly LogEntry[]> {
  const { entries, full } = await readLog(ctx, { messageIds: [...ids], count: mostEntries });
  if (!full || ids.length === 1) return entries;
  return (await Promise.all(ids.map((id) => entriesOf(ctx, [id])))).flat();
}

function entryOf({ queue: { settings } }: Context, raw: unknown): LogEntry | undefined {
  const { success, data } = RawEntry.safeParse(withoutNulls(raw));
  const job = success ? jobAt(settings, data.url) : undefined;
  if (!success || job === undefined) return undefined;
  const { flowControlKey: key, responseBody } = data;
  return {
    id: data.messageId,
    at: data.time,
    state: data.state === "CANCELED" ? "CANCELLED" : data.state,
    job,
    label: data.label ?? null,
    flow: key ? (flowOfKey(settings, key) ?? null) : null,
    payload: payloadOf(data.body),
    nextAt: data.nextDeliveryTime || null,
    status: data.responseStatus || null,
    answer: (responseBody ? decoded(responseBody) : data.error)?.slice(0, longestAnswer) ?? null,
  };
}

const longestAnswer = 500;

function payloadOf(body: string | undefined): unknown {
  try {
    return JSON.parse(decoded(body ?? ""));
  } catch {
    return null;
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
