import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsById } from "../coupon.ts";
import type { Coupon } from "../table.ts";

/** The tokens of what is given under one key: that of the key, and its own with a number behind. */
export function tokensOf(token: string, n: number): readonly [string, ...string[]] {
  return [token, ...Array.from({ length: n - 1 }, (_, i) => `${token}.${i + 2}`)];
}

/** The coupons that were given by the same request, in the order of their numbers; of most coupons itself alone. */
export async function givenTogether(ctx: Context, coupon: Coupon): Promise<Coupon[]> {
  if (coupon.asked === null || coupon.token === null) return [coupon];
  const [first = ""] = coupon.token.split(".");
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon WHERE token = ${first} OR (token > ${`${first}.`} AND token < ${`${first}/`})
    ORDER BY number`);
  const coupons = await couponsById(
    ctx,
    found.map(({ id }) => id),
  );
  return coupons.filter((each) => each !== undefined);
}
