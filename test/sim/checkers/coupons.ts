import { sql } from "drizzle-orm";
import { couponSums } from "../../support/coupon-sums.ts";
import type { Checker } from "../actor.ts";
import { limitsTold, promised } from "../actors/promises.ts";
import { named, rowOf } from "../world/told.ts";
import type { World } from "../world/world.ts";

interface Row {
  readonly id: number;
  /** Nobody knows whose an erased member's coupons were. */
  readonly externalId: string | null;
  readonly template: number;
}

export const coupons: Checker = {
  name: "I1 I2 I3 coupons",
  async always(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const rows = await ctx.db.all<Row>(sql`
      SELECT c.id, CASE WHEN m.deleted_at IS NULL THEN m.external_id END AS externalId, c.template
      FROM coupon c JOIN member m ON m.seq = c.member`);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return [...(await couponSums(ctx.db)), ...lostPromises(world, byId), ...untrueLimits(world, byId)];
  },
};

const isOf = (row: Row, externalId: string) => row.externalId === null || row.externalId === externalId;

/** Every coupon that somebody was told she has is hers, and of that template. */
function lostPromises(world: World, rows: ReadonlyMap<number, Row>): string[] {
  return world.known(promised).flatMap(({ couponId, externalId, templateId, asked }) => {
    const row = rows.get(rowOf(couponId));
    const isTrue = row && isOf(row, externalId) && (row.template === rowOf(templateId) || asked.includes("/link/"));
    return isTrue
      ? []
      : [`${named(couponId)} of ${named(templateId)} was promised to ${externalId} by ${asked}: no more`];
  });
}

/** Who was told that she has all she may have, has them. */
function untrueLimits(world: World, rows: ReadonlyMap<number, Row>): string[] {
  return world
    .known(limitsTold)
    .splice(0)
    .flatMap(({ externalId, templateId, limit, heldCouponIds }) => {
      const held = heldCouponIds.filter((id) => {
        const row = rows.get(rowOf(id));
        return row && isOf(row, externalId) && row.template === rowOf(templateId);
      });
      const isTrue = held.length === heldCouponIds.length && held.length > 0;
      if (isTrue && held.length <= limit) return [];
      return [
        `I4: ${externalId} was told to hold ${heldCouponIds.map(named)} of ${named(templateId)}, at most ${limit}`,
      ];
    });
}
