import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";

/**
 * Makes a token give nothing more, whoever is just giving by it: the claim itself looks here. What it gave already does
 * not come back from an order either.
 */
export function voidToken(token: string, now: number): Query {
  return sql`INSERT INTO coupon_void (token, at) VALUES (${token}, ${now}) ON CONFLICT DO NOTHING`;
}

/** Whether the token in a column, perhaps NULL, gives nothing more. */
export function isVoidIn(column: SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM coupon_void v WHERE v.token = ${column})`;
}

export async function isVoid(ctx: Context, token: string): Promise<boolean> {
  return (await ctx.db.first(sql`SELECT 1 FROM coupon_void WHERE token = ${token}`)) !== undefined;
}
