import type { Context } from "../../context.ts";
import { changedPromise, changesOf } from "../../promotion/changes.ts";
import type { Promotion } from "../../promotion/promotion.ts";

/** What is not promised, as a history calls it. */
const free: readonly string[] = ["name", "remark"];

/**
 * What a change makes of what is promised, each in words with what was said before and after; nothing where it changes
 * no promise.
 */
export async function promiseChanges(ctx: Context, before: Promotion, after: Promotion): Promise<string[]> {
  if (changedPromise(before, after).length === 0) return [];
  const changes = await changesOf(ctx, before, after);
  return changes.filter(({ fact }) => !free.includes(fact)).map(({ fact, from, to }) => `${fact}: ${from} → ${to}`);
}
