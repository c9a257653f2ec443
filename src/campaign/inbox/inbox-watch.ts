import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { perApp } from "../../memory.ts";
import type { Timer } from "../../world.ts";
import { type OpenRuns, openRuns, runsToLookAt } from "./inbox-runs.ts";

/** What is new in a member's inbox since the last time it was told. */
export interface InboxChange {
  /** Runs whose message has arrived; none when only something was read or deleted, and in the first word. */
  readonly arrived: readonly number[];
  readonly unread: number;
}

/** One open subscription. What it was not told yet is kept as one change, however slow its reader is. */
interface Watcher {
  readonly member: number;
  /** Runs whose message it knows of. */
  readonly known: Set<number>;
  pending: InboxChange | undefined;
  wake: () => void;
}

/** Who watches in this process. One poll a second asks for all of them; with nobody here there is none. */
interface Hub {
  readonly watchers: Set<Watcher>;
  readonly touched: Set<number>;
  seen: OpenRuns | undefined;
  timer: Timer | undefined;
  polling: Promise<void> | undefined;
  readonly size: number;
}

const pollMs = 1_000;
/** Members looked up in one statement: bounds how long it holds the event loop. */
const batchSize = 1_000;

/** Tells how a member's inbox stands now, then whatever changes in it, until the stream is returned. */
export function watchInbox(ctx: Context, member: number): AsyncIterableIterator<InboxChange> {
  const hub = hubOf(ctx);
  const watcher: Watcher = { member, known: new Set(), pending: undefined, wake: () => {} };
  let opened: Promise<void> | undefined;
  let done = false;
  const stream: AsyncIterableIterator<InboxChange> = {
    next: async () => {
      opened ??= open(ctx, hub, watcher);
      await opened;
      while (!done && !watcher.pending) await new Promise<void>((resolve) => Object.assign(watcher, { wake: resolve }));
      const change = watcher.pending;
      watcher.pending = undefined;
      if (!done && change) return { done: false, value: change };
      leave(hub, watcher);
      return { done: true, value: undefined };
    },
    return: async () => {
      done = true;
      leave(hub, watcher);
      watcher.wake();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}

/** Says that a member has read or deleted something here: watchers hear of it with the next poll. */
export function touchInbox(ctx: Context, member: number): void {
  const hub = hubOf(ctx);
  if (hub.timer) hub.touched.add(member);
}

const hubOf = (ctx: Context) => perApp(ctx, "campaign.inboxWatchers", emptyHub);

function emptyHub(): Hub {
  const watchers = new Set<Watcher>();
  return {
    watchers,
    touched: new Set(),
    seen: undefined,
    timer: undefined,
    polling: undefined,
    get size() {
      return watchers.size;
    },
  };
}

async function open(ctx: Context, hub: Hub, watcher: Watcher): Promise<void> {
  hub.watchers.add(watcher);
  if (!hub.timer) {
    hub.timer = ctx.timers.every(pollMs, () => poll(ctx, hub));
    hub.timer.unref();
  }
  // The open runs are noted before the inbox is read, so that no message falls between the two.
  hub.seen ??= await openRuns(ctx);
  const there = await ctx.db.all<{ run: number; unread: number }>(sql`
    SELECT run, read_at IS NULL AND deleted_at IS NULL AS unread FROM inbox WHERE member = ${watcher.member}`);
  for (const { run } of there) watcher.known.add(run);
  watcher.pending = { arrived: [], unread: there.reduce((sum, { unread }) => sum + unread, 0) };
}

function leave(hub: Hub, watcher: Watcher): void {
  hub.watchers.delete(watcher);
  if (hub.watchers.size > 0) return;
  hub.timer?.stop();
  hub.timer = undefined;
  hub.seen = undefined;
}

function poll(ctx: Context, hub: Hub): void {
  hub.polling ??= lookUp(ctx, hub)
    .catch((error) => ctx.log("warn", "inbox.poll", { error }))
    .finally(() => {
      hub.polling = undefined;
    });
}

async function lookUp(ctx: Context, hub: Hub): Promise<void> {
  const now = await openRuns(ctx);
  const runs = runsToLookAt(hub.seen ?? now, now);
  const touched = [...hub.watchers].filter(({ member }) => hub.touched.has(member)).map(({ member }) => member);
  hub.touched.clear();
  const arrived = await arrivals(ctx, hub, runs);
  const unread = await unreadOf(ctx, [...new Set([...arrived.keys(), ...touched])]);
  for (const watcher of hub.watchers) {
    const fresh = (arrived.get(watcher.member) ?? []).filter((run) => !watcher.known.has(run));
    const count = unread.get(watcher.member);
    if (count === undefined) continue;
    for (const run of fresh) watcher.known.add(run);
    watcher.pending = { arrived: [...(watcher.pending?.arrived ?? []), ...fresh], unread: count };
    watcher.wake();
  }
  if (hub.timer) hub.seen = now;
}

/** Messages of these runs by member, for the watched members who do not know them all. */
async function arrivals(ctx: Context, hub: Hub, runs: readonly number[]): Promise<Map<number, number[]>> {
  const unaware = [...hub.watchers].filter(({ known }) => runs.some((run) => !known.has(run)));
  const members = [...new Set(unaware.map(({ member }) => member))];
  const found = new Map<number, number[]>();
  for (let at = 0; at < members.length; at += batchSize) {
    const there = await ctx.db.all<{ member: number; run: number }>(sql`
      SELECT i.member, i.run FROM (SELECT value AS seq FROM ${rows(members.slice(at, at + batchSize))}) m
        CROSS JOIN (SELECT value AS id FROM ${rows(runs)}) r CROSS JOIN inbox i ON i.member = m.seq AND i.run = r.id
      WHERE i.deleted_at IS NULL`);
    for (const { member, run } of there) found.set(member, [...(found.get(member) ?? []), run]);
  }
  return found;
}

async function unreadOf(ctx: Context, members: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const counts = new Map(members.map((member) => [member, 0]));
  for (let at = 0; at < members.length; at += batchSize) {
    const some = rows(members.slice(at, at + batchSize));
    const counted = await ctx.db.all<{ member: number; n: number }>(sql`
      SELECT member, count(*) AS n FROM inbox WHERE member IN (SELECT value FROM ${some})
        AND deleted_at IS NULL AND read_at IS NULL GROUP BY member`);
    for (const { member, n } of counted) counts.set(member, n);
  }
  return counts;
}
