import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Message } from "../queue/message.ts";
import { enqueue } from "../queue/outbox.ts";
import { announceAgain } from "./event-sweep.ts";
import { graceMs, isLost, newestRow } from "./lost-message.ts";
import { forgetOld } from "./retention.ts";

/**
 * Finds work that nothing would ever take up again – its message was lost, or its time has come – and publishes a
 * message for it. What the queue still knows, what waits in the outbox and what is parked is left alone, so sweeping
 * never multiplies.
 */
export async function sweepOnce(ctx: Context): Promise<{ readonly reissued: number }> {
  const lost: Lost[] = [];
  for (const message of await stalled(ctx)) {
    const newest = await newestRow(ctx, [message.subject]);
    if (await isLost(ctx, newest)) lost.push({ message, after: newest?.seq ?? 0 });
  }
  const reissued = (await reissue(ctx, lost)) + (await announceAgain(ctx));
  for (const { name, tidy } of ctx.domains) {
    // What one of them cannot do must not keep the others from it.
    await tidy?.(ctx).catch((error) => ctx.log("error", "sweep.failed", { domain: name, error }));
  }
  await forgetOld(ctx);
  return { reissued };
}

/** A message that is needed, and the last one of its subject, which is lost. */
interface Lost {
  readonly message: Message;
  readonly after: number;
}

/**
 * Work that was finished while the queue was asked is left alone, and so is what another sweep has seen to meanwhile.
 */
async function reissue(ctx: Context, lost: readonly Lost[]): Promise<number> {
  if (lost.length === 0) return 0;
  const needed = new Set((await stalled(ctx)).map(({ subject }) => subject));
  const results = await ctx.db.write(
    lost
      .filter(({ message }) => needed.has(message.subject))
      .map(({ message, after }) =>
        enqueue(
          ctx,
          [message],
          sql`coalesce((SELECT max(seq) FROM outbox WHERE subject = ${message.subject}), 0) = ${after}`,
        ),
      ),
  );
  return results.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0);
}

/** The message that each unfinished piece of work needs, by domain. */
async function stalled(ctx: Context): Promise<Message[]> {
  const before = ctx.clock() - graceMs;
  const found = await Promise.all(ctx.domains.map(async ({ stalled }) => (await stalled?.(ctx, before)) ?? []));
  return found.flat();
}
