import { sql } from "drizzle-orm";
import { shopFaults } from "../../support/shop-sums.ts";
import type { Checker } from "../actor.ts";

/** What each subject's sums say of shops is what the rows say. */
export const shopSums: Checker = {
  name: "figures of shops",
  atEnd: async ({ ctx }) => (ctx ? shopFaults(ctx) : []),
};

/** What was written so lately may be under way. */
const momentMs = 60_000;

/** In the end nothing waits to be published, and who hears of events heard of all. */
export const outbox: Checker = {
  name: "I9 I10 outbox and events",
  async atEnd({ ctx, now }) {
    const before = now() - momentMs;
    if (!ctx) return [];
    const waiting = await ctx.db.all<{ id: string; name: string }>(sql`
      SELECT id, name FROM outbox WHERE published_at IS NULL AND created_at < ${before}`);
    const behind = await ctx.db.all<{ name: string; cursor: number; last: number }>(sql`
      SELECT name, cursor, (SELECT coalesce(max(seq), 0) FROM event) AS last FROM consumer
      WHERE retired_at IS NULL AND cursor < (SELECT coalesce(max(seq), 0) FROM event WHERE at < ${before})`);
    return [
      ...waiting.map(({ id, name }) => `message ${id} (${name}) was never published`),
      ...behind.map(({ name, cursor, last }) => `${name} heard of events up to ${cursor} of ${last}`),
    ];
  },
};
