import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Database } from "../../db/client.ts";

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
  const answers = answersOf(ctx.db);
  const now = performance.now();
  const last = answers.get(template);
  if (last && now - last.at < freshMs) return last.isSoldOut;
  const isSoldOut = ask(ctx, template);
  answers.set(template, { at: now, isSoldOut });
  isSoldOut.catch(() => answers.delete(template));
  return isSoldOut;
}

/** To be called where stock was added or given back. */
export function forgetSoldOut({ db }: Context, template: number): void {
  answersOf(db).delete(template);
}

async function ask(ctx: Context, template: number): Promise<boolean> {
  const row = await ctx.db.first<{ gone: number }>(sql`
    SELECT issued >= stock OR (budget IS NOT NULL AND reserved + spent + max_discount > budget) AS gone
    FROM coupon_template WHERE id = ${template}`);
  return row?.gone === 1;
}

const known = new WeakMap<Database, Map<number, Answer>>();

function answersOf(db: Database): Map<number, Answer> {
  const answers = known.get(db) ?? new Map<number, Answer>();
  known.set(db, answers);
  return answers;
}
