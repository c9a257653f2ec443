import { sql } from "drizzle-orm";
import { z } from "zod";
import { describeActor } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import { changedCoupons, couponsChanged } from "../coupon/cache/sync-cache.ts";
import { templateChanged } from "../coupon/template/template-changed.ts";
import { withdrawEach } from "../coupon/use/withdraw.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { type Distribution, findDistribution, readDistributions } from "./distribution.ts";
import { distributionWithdraw } from "./messages.ts";
import { sourceOf } from "./rows.ts";

/** Blocks of one transaction: bounds for how long the database is busy. */
const blocksAtOnce = 2;

const withdrawable = ["PAUSED", "COMPLETED", "CANCELLED"] as const;

const WithdrawInput = z.strictObject({ id: z.int(), reason: z.string().trim().min(1).max(500) });

/** Whether its coupons are being taken back now. */
export function isWithdrawing({ withdrawTo, readTo }: Pick<Distribution, "withdrawTo" | "readTo">): boolean {
  return withdrawTo !== null && withdrawTo < readTo;
}

/** The same of a row of their table, as a condition. */
export const isWithdrawingRow = sql.raw("(withdraw_to IS NOT NULL AND withdraw_to < read_to)");

/**
 * Takes back, in the background, what a distribution gave and nobody has used: those coupons become WITHDRAWN and what
 * was reserved for them is free again; the stock does not grow. Coupons that are used, or held for an order, stay;
 * asking again later takes those that have come free. While it goes on, asking again changes nothing. The reason, 1–500
 * characters, is in the distribution's history. Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE unless it is PAUSED,
 * COMPLETED or CANCELLED, or where its rows are not kept any more.
 */
export async function withdrawDistribution(ctx: Context, input: z.input<typeof WithdrawInput>) {
  const parsed = parseInput(WithdrawInput, input);
  if (isRefusal(parsed)) return parsed;
  const { id, reason } = parsed;
  return withTransaction(ctx, async (tx) => {
    const found = await findDistribution(tx, id);
    if (isRefusal(found)) return found;
    if (!withdrawable.some((state) => state === found.state))
      return refuse.wrongState(
        `This distribution is ${found.state}; it must be ${withdrawable.join(" or ")}.`,
        found.state,
      );
    if (found.forgottenAt !== null)
      return refuse.wrongState("It is not kept any more whom this distribution gave coupons.", found.state);
    if (isWithdrawing(found)) return found;
    await tx.db.write([
      auditDeed(tx, subjectOf("distribution", id), "takes back what is unused", sql`1`, reason),
      sql`UPDATE distribution SET withdraw_to = 0, updated_at = ${tx.clock()} WHERE id = ${id}`,
      enqueue(tx, [distributionWithdraw.of({ distribution: id, from: 0 })]),
    ]);
    tx.log("info", "distribution.withdrawn", { distribution: id, actor: describeActor(tx.actor) });
    return findDistribution(tx, id);
  });
}

/**
 * Takes back the coupons of the next rows behind `from`, and leaves the message for those behind them, all in one
 * transaction that only the first of two deliveries performs.
 */
export async function withdrawStretch(
  ctx: Context,
  { distribution: id, from }: { readonly distribution: number; readonly from: number },
): Promise<void> {
  const turn = sql`id = ${id} AND withdraw_to = ${from} AND state IN ('PAUSED', 'COMPLETED', 'CANCELLED')`;
  const [distribution] = await readDistributions(ctx, turn);
  if (!distribution) return;
  const { template, readTo } = distribution;
  const next = await ctx.db.all<{ to: number }>(sql`
    SELECT to_row AS "to" FROM distribution_block
    WHERE distribution = ${id} AND to_row > ${from} AND state = 'DONE' ORDER BY to_row LIMIT ${blocksAtOnce}`);
  const blocks = next.map(({ to }) => ({ block: to, source: sourceOf({ id, to }) }));
  const to = blocks.length < blocksAtOnce ? readTo : (blocks.at(-1)?.block ?? readTo);
  const coupons = sql`
    SELECT h.id FROM json_each(${JSON.stringify(blocks)}) b
      CROSS JOIN distribution_given g ON g.distribution = ${id} AND g.block = b.value ->> 'block'
      CROSS JOIN coupon h ON h.member = g.member AND h.template = ${template} AND h.source = b.value ->> 'source'
    WHERE EXISTS (SELECT 1 FROM distribution WHERE ${turn})`;
  const results = await ctx.db.write([
    ...withdrawEach(ctx, coupons),
    sql`
      UPDATE distribution SET withdraw_to = ${to}, withdrawn = withdrawn + changes(), updated_at = ${ctx.clock()}
      WHERE ${turn}`,
    enqueue(ctx, [distributionWithdraw.of({ distribution: id, from: to })], sql`changes() = 1 AND ${to} < ${readTo}`),
  ]);
  await couponsChanged(ctx, changedCoupons(results.at(-3), "AVAILABLE", "WITHDRAWN"));
  if (results.at(-3)?.rowsAffected) await templateChanged(ctx, template);
}
