import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { rowOf, zonesKnown } from "../actors/members.ts";
import { ownerOf } from "../actors/wishes.ts";

/** The shop's clock is never off by more (ms). */
const clockMs = 1_300_000;

/** The last message that was looked at. */
const lookedAt = (): { upTo: number } => ({ upTo: 0 });

/** By members' own clocks nobody is written to before theirs shows the time, in any zone that they were ever in. */
export const clocks: Checker = {
  name: "members' clocks",
  async always(world) {
    const { ctx, known, providers, now, engine } = world;
    const seen = known(lookedAt);
    const fresh = providers.taken.slice(seen.upTo);
    if (!ctx || fresh.length === 0) return [];
    seen.upTo = providers.taken.length;
    const runs = await ctx.db.all<{ id: number; wall: string }>(sql`
      SELECT id, wall FROM run WHERE wall IS NOT NULL AND frozen ->> '$.byClocks.wall' IS NOT NULL`);
    const walls = new Map(runs.map(({ id, wall }) => [id, wall]));
    const beginning = now() - engine.elapsed;
    return fresh.flatMap(({ ref, to, at, channel }) => {
      const wall = walls.get(Number(ref?.split(":")[0]));
      if (wall === undefined) return [];
      const externalId = ownerOf(to);
      const own = rowOf(Number(externalId.slice(1))).timeZone;
      const moved = known(zonesKnown).flatMap((each) => (each.externalId === externalId ? [each.zone] : []));
      const first = Math.min(
        ...[own, ...moved, ctx.settings.shopTimeZone].map((zone) => momentOf(wall, zone ?? ctx.settings.shopTimeZone)),
      );
      return beginning + at + clockMs < first
        ? [`${ref} ${channel} was taken at ${at} ms, before ${wall} anywhere`]
        : [];
    });
  },
  async atEnd({ ctx }) {
    const left = await ctx?.db.all<{ fault: string }>(sql`
      SELECT 'run ' || r.id || ', for everyone by their clocks, is over without member ' || m.seq AS fault
      FROM run r JOIN campaign c ON c.id = r.campaign AND c.audience = '{"everyone":true}' AND c.shop = ''
      CROSS JOIN member m
      WHERE r.wall IS NOT NULL AND r.state = 'COMPLETED' AND m.deleted_at IS NULL AND m.seq <= r.frozen ->> '$.maxSeq'
        AND r.frozen ->> '$.byClocks.wall' IS NOT NULL AND c.promotion IS NULL
        AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = 'campaign/' || c.id AND a.to_state = 'DRAFT')
        AND NOT EXISTS (SELECT 1 FROM send s WHERE s.run = r.id AND s.member = m.seq)`);
    return left?.map(({ fault }) => fault) ?? [];
  },
};

function momentOf(wall: string, zone: string): number {
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(zone).epochMilliseconds;
}
