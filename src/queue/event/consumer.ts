import { sql } from "drizzle-orm";
import { rows } from "../../db/bulk.ts";
import type { Database } from "../../db/client.ts";
import type { Query } from "../../db/statement.ts";
import type { World } from "../../world.ts";
import { type EventBatch, nextBatch } from "./batch.ts";
import { announceTo, moveCursor, noteStuck, type Parked, parkBatch, parkedIn, unparkBatch } from "./cursor.ts";
import type { EventRange } from "./event.ts";

/** What a consumer gets besides the events. */
export interface ConsumerContext extends Pick<World, "clock" | "id" | "timers"> {
  readonly db: Database;
}

/** Someone who reads events, in their order and behind a cursor of its own. */
export interface Consumer<Ctx extends ConsumerContext> {
  readonly name: string;
  /** The types that it is shown; the others are passed over. */
  types(ctx: Ctx): readonly string[];
  /** Where a consumer that is new begins: at the first event that is kept, or with what happens from now on. */
  readonly begins: "first" | "now";
  /**
   * Answers the statements that deal with a batch of events; they commit together with the cursor's move, once, or not
   * at all, so that they need no guards of their own. What it does elsewhere may be done twice.
   */
  handle(ctx: Ctx, batch: EventBatch): readonly Query[] | Promise<readonly Query[]>;
}

/** How long one delivery works before it leaves the rest to a message for later, in milliseconds. */
const defaultTimeBudgetMs = 10_000;

/**
 * Deals with the events up to a range's end, from where the consumer stands, and with what was parked of the range.
 * What is behind the cursor is done already, so a range may come twice, late, or with others before it missing; of two
 * deliveries at once one's work counts. What takes long is gone on with by a message of its own. Throws what the
 * consumer threw.
 */
export async function consume<Ctx extends ConsumerContext>(
  ctx: Ctx,
  consumer: Consumer<Ctx>,
  range: EventRange,
  timeBudgetMs = defaultTimeBudgetMs,
): Promise<void> {
  const began = ctx.timers.now();
  for (let cursor = await cursorOf(ctx.db, consumer.name); cursor < range.to; ) {
    // What comes before the range is another message's: it must not fail together with this one's.
    const to = cursor + 1 < range.from ? range.from - 1 : range.to;
    const batch = await nextBatch(ctx.db, consumer.types(ctx), { from: cursor + 1, to });
    if (!batch) break;
    cursor = await advance(ctx, consumer, batch);
    if (cursor >= range.to || ctx.timers.now() - began < timeBudgetMs) continue;
    await ctx.db.write([announceTo(ctx, consumer.name, sql`${cursor}`)]);
    break;
  }
  // Last, so that what cannot be dealt with holds up nothing.
  for (const parked of await parkedIn(ctx.db, consumer.name, range)) await replay(ctx, consumer, parked);
}

/** One batch and the cursor's move behind it; answers where the cursor stands then. */
async function advance<Ctx extends ConsumerContext>(
  ctx: Ctx,
  consumer: Consumer<Ctx>,
  batch: EventBatch,
): Promise<number> {
  const { name } = consumer;
  try {
    const effects = batch.empty ? [] : await consumer.handle(ctx, batch);
    await ctx.db.write([moveCursor(name, batch, ctx.clock()), ...effects]);
    return batch.to;
  } catch (error) {
    const cursor = await cursorOf(ctx.db, name);
    if (cursor >= batch.from) return cursor; // another delivery was faster, or the answer to our own commit was lost
    await ctx.db.write([noteStuck(name, batch)]);
    throw error;
  }
}

async function replay<Ctx extends ConsumerContext>(ctx: Ctx, consumer: Consumer<Ctx>, parked: Parked): Promise<void> {
  for (let from = parked.from; from <= parked.to; ) {
    const batch = await nextBatch(ctx.db, consumer.types(ctx), { from, to: parked.to });
    if (!batch) return;
    const left = { from, to: parked.to };
    try {
      const effects = batch.empty ? [] : await consumer.handle(ctx, batch);
      await ctx.db.write([...unparkBatch(consumer.name, left, batch.to), ...effects]);
    } catch (error) {
      if ((await parkedIn(ctx.db, consumer.name, left)).some((still) => still.from === from)) throw error;
    }
    from = batch.to + 1;
  }
}

/**
 * The queue has given a message up: parks the batch that the consumer could not deal with – or all that the message
 * still had to do, where nobody knows what that was – and moves the cursor past it, so that later events flow. A
 * message for what follows is left.
 */
export async function giveUp(ctx: ConsumerContext, name: string, range: EventRange): Promise<void> {
  const at = await ctx.db.first<{ cursor: number; stuck_to: number | null; announced: number }>(sql`
    SELECT cursor, CASE stuck_from WHEN cursor + 1 THEN stuck_to END AS stuck_to, announced
    FROM consumer, event_mark WHERE name = ${name}`);
  const end = Math.min(range.to, at?.announced ?? 0);
  if (!at || at.cursor >= end) return;
  await ctx.db.write(parkBatch(ctx, name, { from: at.cursor + 1, to: at.stuck_to ?? end }));
}

/**
 * Makes the consumers of these names the ones that there are. A new one begins at its beginning; one that is no longer
 * here holds nothing up, and one that comes back goes on where it stood.
 */
export async function registerConsumers(
  { db, clock }: Pick<ConsumerContext, "db" | "clock">,
  consumers: readonly Pick<Consumer<never>, "name" | "begins">[],
): Promise<void> {
  const now = clock();
  const list = consumers.map(({ name, begins }) => ({ name, first: begins === "first" ? 1 : 0 }));
  const here = sql`(SELECT value ->> 'name' FROM ${rows(list)})`;
  await db.write([
    sql`
      INSERT INTO consumer (name, cursor, moved_at)
      SELECT value ->> 'name',
        CASE value ->> 'first' WHEN 1 THEN 0 ELSE max(announced, coalesce((SELECT max(seq) FROM event), 0)) END, ${now}
      FROM ${rows(list)}, event_mark WHERE true ON CONFLICT (name) DO NOTHING`,
    sql`
      UPDATE consumer SET retired_at = CASE WHEN name IN ${here} THEN NULL ELSE ${now} END
      WHERE (name IN ${here}) = (retired_at IS NOT NULL)`,
  ]);
}

async function cursorOf(db: Database, name: string): Promise<number> {
  const row = await db.first<{ cursor: number }>(sql`SELECT cursor FROM consumer WHERE name = ${name}`);
  if (!row) throw new Error(`the consumer ${name} is not registered`);
  return row.cursor;
}
