import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";

/** For how long a crowd is told what the database said, ms. */
const freshMs = 1_000;

interface Answer {
  readonly at: number;
  readonly isSoldOut: Promise<boolean>;
}

/**
 * Whether the database says that nothing is left of a template, now or within the last second; asked by one for all.
 */
export function soldOutForSure(ctx: Context, template: number): Promise<boolean> {
  const answers = known(ctx);
  const now = ctx.timers.now();
  const last = answers.get(template);
  if (last && now - last.at < freshMs) return last.isSoldOut;
  const isSoldOut = ask(ctx, template);
  answers.set(template, { at: now, isSoldOut });
  isSoldOut.catch(() => answers.delete(template));
  return isSoldOut;
}

/** To be called where stock was added or given back. */
export function forgetSoldOut(ctx: Context, template: number): void {
  known(ctx).delete(template);
}

async function ask(ctx: Context, template: number): Promise<boolean> {
  const row = await ctx.db.first<{ gone: number }>(sql`
    SELECT issued >= stock OR (budget IS NOT NULL AND reserved + spent + max_discount > budget) AS gone
    FROM coupon_template WHERE id = ${template}`);
  return row?.gone === 1;
}

const known = (ctx: Context) => perApp(ctx, "coupon.soldOut", () => new Map<number, Answer>());
