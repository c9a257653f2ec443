import { sql } from "drizzle-orm";
import { couponSums } from "../../support/coupon-sums.ts";
import type { Checker } from "../actor.ts";
import { promised } from "../actors/claimants.ts";

export const coupons: Checker = {
  name: "I1 I2 I3 coupons",
  async always(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const rows = await ctx.db.all<{ id: number; externalId: string | null }>(sql`
      SELECT c.id, CASE WHEN m.deleted_at IS NULL THEN m.external_id END AS externalId
      FROM coupon c JOIN member m ON m.seq = c.member`);
    const owners = new Map(rows.map(({ id, externalId }) => [id, externalId]));
    const lost = world.known(promised).filter(({ couponId, externalId }) => {
      const id = Number(atob(couponId).split(":")[1]);
      const owner = owners.get(id);
      return owner !== null && owner !== externalId; // an erased member's coupons stay, and nobody knows whose they were
    });
    return [
      ...(await couponSums(ctx.db)),
      ...lost.map(
        ({ couponId, externalId }) => `coupon ${atob(couponId)} was given to ${externalId} and is not theirs`,
      ),
    ];
  },
};
