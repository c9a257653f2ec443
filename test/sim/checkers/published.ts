import { dirname, join } from "node:path";
import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { lookIntoQueue } from "../kernel/disk.ts";

interface Row {
  readonly seq: number;
  readonly name: string;
  /** What the queue called it; of what went to several, JSON with a name for each. */
  readonly messageId: string;
}

/** What was looked up: each number from `from` on, all before it; and how often the queue was lost by then. */
const seen = () => ({ from: 0, done: new Set<number>(), losses: 0 });

/** What counts as published the queue has had: it waits there, was delivered, or is dead, until the queue is lost. */
export const published: Checker = {
  name: "I9 published",
  async always(world) {
    const { ctx, file, process } = world;
    if (!ctx) return [];
    const known = world.known(seen);
    const rows = await ctx.db.all<Row>(sql`
      SELECT seq, name, message_id AS messageId FROM outbox WHERE seq >= ${known.from} AND published_at IS NOT NULL`);
    const fresh = rows.filter(({ seq }) => !known.done.has(seq));
    const [open] = await ctx.db.all<{ from: number }>(sql`
      SELECT coalesce((SELECT min(seq) FROM outbox WHERE published_at IS NULL),
        (SELECT max(seq) + 1 FROM outbox), 0) AS "from"`);
    const wasLost = process.queueLosses > known.losses;
    Object.assign(known, { from: open?.from ?? 0, losses: process.queueLosses });
    known.done = new Set(rows.flatMap(({ seq }) => (seq >= known.from ? [seq] : [])));
    // Which of them came before the loss, and are gone, nobody can tell.
    if (wasLost || fresh.length === 0) return [];
    const lost = unknownAt(join(dirname(file), "queue.db"), fresh.flatMap(namesOf));
    return fresh
      .filter((row) => namesOf(row).some((name) => lost.has(name)))
      .map(
        ({ seq, name, messageId }) => `${name} (${seq}) counts as published as ${messageId}, which no queue has had`,
      );
  },
};

function namesOf({ messageId }: Row): string[] {
  return messageId.startsWith("{") ? Object.values<string>(JSON.parse(messageId)) : [messageId];
}

/** Those that are in no table of the queue's. */
function unknownAt(path: string, names: readonly string[]): ReadonlySet<string> {
  const unknown = lookIntoQueue<{ value: string }>(
    path,
    `SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM message) AND value NOT IN (SELECT id FROM dead)`,
    JSON.stringify(names),
  );
  return new Set(unknown.map(({ value }) => value));
}
