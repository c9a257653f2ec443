import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { membersKnown } from "../actors/members.ts";
import { wishes } from "../actors/wishes.ts";
import { unreadFaults } from "./reading.ts";

/** Whoever nobody asked to erase is there, once; of whoever was erased nothing is left that names them. */
export const members: Checker = {
  name: "members",
  async always(world) {
    const { ctx, known } = world;
    if (!ctx) return [];
    const found = await ctx.db.all<{ externalId: string }>(sql`
      SELECT external_id AS externalId FROM member WHERE deleted_at IS NULL`);
    const there = new Set(found.map(({ externalId }) => externalId));
    const erased = new Set(known(wishes).flatMap((wish) => (wish.kind === "erased" ? [wish.externalId] : [])));
    const gone = known(membersKnown).filter((externalId) => !there.has(externalId) && !erased.has(externalId));
    const left = await ctx.db.all<{ fault: string }>(sql`
      SELECT 'the erased member ' || m.seq || ' still has an address, a word, an inbox or a popup' AS fault
      FROM member m WHERE m.deleted_at IS NOT NULL AND (
        coalesce(m.email, m.phone, m.name) IS NOT NULL
        OR EXISTS (SELECT 1 FROM push_token WHERE member = m.seq) OR EXISTS (SELECT 1 FROM consent WHERE member = m.seq)
        OR EXISTS (SELECT 1 FROM inbox WHERE member = m.seq) OR EXISTS (SELECT 1 FROM popup WHERE member = m.seq))`);
    return [
      ...gone.map((externalId) => `${externalId} was never erased, and is not there`),
      ...left.map(({ fault }) => fault),
      ...(await unreadFaults(world)),
    ];
  },
};
