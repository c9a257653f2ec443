import { sql } from "drizzle-orm";
import { rows } from "../../../src/db/bulk.ts";
import type { Checker } from "../actor.ts";
import { heard } from "../actors/callbacks.ts";
import type { Taken } from "../world/providers.ts";
import type { World } from "../world/world.ts";

/** Nobody got anything twice, who got something has a row that says so, and who has such a row got it. */
export const sends: Checker = {
  name: "I7 sends",
  async always(world) {
    const { ctx, providers } = world;
    if (!ctx) return [];
    const messages = [...new Set(providers.taken.map(keyOf))].map((key) => ({ key }));
    const odd = await ctx.db.all<{ fault: string }>(sql`
      WITH took AS (
        SELECT value ->> 'key' AS key FROM ${rows(messages)}),
      sent AS (
        SELECT run || ':' || member || ' ' || channel AS key, state FROM send WHERE channel IN ('EMAIL', 'SMS', 'PUSH'))
      SELECT 'the provider took ' || t.key || ', which is ' || coalesce(s.state, 'in no ledger') AS fault
      FROM took t LEFT JOIN sent s USING (key) WHERE coalesce(s.state, '') NOT IN ('SENDING', 'SENT', 'UNKNOWN')
      UNION ALL SELECT key || ' is SENT, and its provider never took it' FROM sent s
      WHERE state = 'SENT' AND key NOT IN (SELECT key FROM took)`);
    return [...twice(providers.taken), ...odd.map(({ fault }) => fault), ...(await untold(world))];
  },
};

const keyOf = ({ ref, channel }: Taken) => `${ref} ${channel}`;

/** A member with several devices gets a push on each. */
function twice(taken: readonly Taken[]): string[] {
  const times = Map.groupBy(taken, (each) => `${keyOf(each)} at ${each.to}`);
  return [...times].flatMap(([what, all]) => {
    const at = all.map((each) => each.at).join(", ");
    return all.length > 1 ? [`${what} was taken ${all.length} times, at ${at} ms`] : [];
  });
}

/** What a provider told, and was answered 2xx for, is in the ledger: the row is SENT, as far as was told at least. */
async function untold({ ctx, known }: World): Promise<string[]> {
  const told = known(heard);
  if (!ctx || told.length === 0) return [];
  const odd = await ctx.db.all<{ fault: string }>(sql`
    SELECT DISTINCT w.value ->> 'ref' || ' ' || (w.value ->> 'channel') || ' was told to be ' || (w.value ->> 'rank')
      || ', the ledger says ' || s.state || ' ' || s.progress AS fault
    FROM ${rows(told)} w
    JOIN send s ON s.channel = w.value ->> 'channel' AND s.run || ':' || s.member = w.value ->> 'ref'
    WHERE s.progress < w.value ->> 'rank' OR s.state = 'UNKNOWN'`);
  return odd.map(({ fault }) => fault);
}
