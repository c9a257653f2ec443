import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { setTotalSpend, spendCurrency } from "../../member/total-spend.ts";

/** Members reckoned in one transaction, and transactions in one go. */
const batchSize = 1_000;
const steps = 20;

interface Mark {
  readonly currency: string;
  readonly next: number | null;
}

/**
 * Reckons anew what members spent, once after the setting that says from which orders: a bounded amount, going on where
 * it stopped. What is paid and refunded meanwhile counts by itself, and is read here by whoever comes later. Answers
 * whether all is done. Orders that were forgotten before do not count.
 */
export async function reckonSpend(ctx: Context): Promise<boolean> {
  const currency = spendCurrency(ctx) ?? "";
  for (let step = 0; step < steps; step++) {
    const mark = await markOf(ctx);
    if (mark.currency !== currency) await begin(ctx, mark, currency);
    else if (mark.next === null) return true;
    else await reckonStretch(ctx, currency, mark.next);
  }
  return false;
}

async function markOf(ctx: Context): Promise<Mark> {
  const mark = await ctx.db.first<Mark>(sql`SELECT currency, next FROM spend_reckoning WHERE id = 1`);
  if (!mark) throw new Error("the mark of the reckoning is gone");
  return mark;
}

/** Of what the shop says there is nothing to reckon. */
async function begin(ctx: Context, { currency: before }: Mark, currency: string): Promise<void> {
  const next = currency === "" ? null : 0;
  await ctx.db.write([
    sql`UPDATE spend_reckoning SET currency = ${currency}, next = ${next} WHERE id = 1 AND currency = ${before}`,
  ]);
}

async function reckonStretch(ctx: Context, currency: string, from: number): Promise<void> {
  const row = await ctx.db.first<{ seq: number }>(sql`
    SELECT seq FROM member WHERE seq >= ${from} ORDER BY seq LIMIT 1 OFFSET ${batchSize}`);
  const to = row?.seq ?? Number.MAX_SAFE_INTEGER;
  const turn = sql`currency = ${currency} AND next = ${from}`;
  const spent = sql`(
    SELECT coalesce(sum(o.pay - o.refunded), 0) FROM coupon_order o
    WHERE o.member = member.seq AND o.state IN ('REDEEMED', 'COMPLETED', 'REFUNDED')
      AND o.quote ->> '$.currency' = ${currency})`;
  await ctx.db.write([
    setTotalSpend({ from, to }, spent, sql`EXISTS (SELECT 1 FROM spend_reckoning WHERE ${turn})`),
    sql`UPDATE spend_reckoning SET next = ${row?.seq ?? null} WHERE ${turn}`,
  ]);
}
