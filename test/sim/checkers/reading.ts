import { sql } from "drizzle-orm";
import { rows } from "../../../src/db/bulk.ts";
import { seen } from "../actors/readers.ts";
import { wishes } from "../actors/wishes.ts";
import type { World } from "../world/world.ts";

/** What a member has read stays read, and a popup is given to one device once. */
export async function unreadFaults({ ctx, known }: World): Promise<string[]> {
  const all = known(seen);
  if (!ctx || all.length === 0) return [];
  const erased = new Set(known(wishes).flatMap((wish) => (wish.kind === "erased" ? [wish.externalId] : [])));
  const popups = all.filter(({ table, externalId }) => table === "popup" && !erased.has(externalId));
  const times = Map.groupBy(popups, ({ externalId, run }) => `the popup of run ${run} was given to ${externalId}`);
  const twice = [...times].flatMap(([what, each]) => (each.length > 1 ? [`${what} ${each.length} times`] : []));
  const odd = await ctx.db.all<{ fault: string }>(sql`
    WITH told AS (
      SELECT m.seq, m.external_id AS who, v.value ->> 'table' AS place, v.value ->> 'run' AS run
      FROM ${rows(all)} v JOIN member m ON m.external_id = v.value ->> 'externalId')
    SELECT 'run ' || t.run || ' is unread by ' || t.who || ', who read it' AS fault
    FROM told t JOIN inbox i ON i.member = t.seq AND i.run = t.run WHERE place = 'inbox' AND i.read_at IS NULL
    UNION ALL SELECT 'the popup of run ' || t.run || ' was not shown to ' || t.who || ', to whom it was'
    FROM told t JOIN popup p ON p.member = t.seq AND p.run = t.run WHERE place = 'popup' AND p.shown_at IS NULL`);
  return [...twice, ...odd.map(({ fault }) => fault)];
}
