import { inArray, sql } from "drizzle-orm";
import { askTogether } from "../../ask-together.ts";
import type { Context } from "../../context.ts";
import type { Database } from "../../db/client.ts";
import { perApp } from "../../memory.ts";
import { type Coupon, couponTable } from "../table.ts";

/** The coupon that a claim token made, if it made one; a crowd's questions go to the database together. */
export function couponOfToken(ctx: Context, token: string): Promise<Coupon | null> {
  return perApp(ctx, "coupon.byToken", () => asking(ctx))(token);
}

function asking({ db, timers }: Context): (one: string) => Promise<Coupon | null> {
  return askTogether(timers, (tokens: readonly string[]) => read(db, tokens));
}

async function read(db: Database, tokens: readonly string[]): Promise<(Coupon | null)[]> {
  const found = await db.all<{ id: number; token: string }>(sql`
    SELECT id, token FROM coupon WHERE token IN (SELECT value FROM json_each(${JSON.stringify(tokens)}))`);
  if (found.length === 0) return tokens.map(() => null); // a sold-out crowd: nothing more to read
  const ids = found.map(({ id }) => id);
  const coupons = await db.orm.select().from(couponTable).where(inArray(couponTable.id, ids));
  const byToken = new Map(coupons.map((coupon) => [coupon.token, coupon]));
  return tokens.map((token) => byToken.get(token) ?? null);
}
