import { z } from "zod";
import type { Context } from "../../context.ts";
import { couponsGivenBack } from "../../coupon/use/give-back.ts";
import { allocate } from "../../discount/allocation.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { sum } from "../quote/turns.ts";
import { rewardPolicies, stillEarned } from "../reward/reckon.ts";
import { type CouponOrder, findOrder, ShopName, tooBusy, tries } from "./order.ts";
import { findRefund, type Refund, refundPolicies, refundsOf } from "./refund-rows.ts";
import { refundStatements } from "./refund-statements.ts";

const RefundRequest = z.strictObject({
  orderId: ShopName,
  refundId: ShopName,
  policy: z.enum(refundPolicies),
  rewards: z.enum(rewardPolicies).default("TAKE_BACK"),
  amount: z.int().positive().optional(),
  lines: z.array(ShopName).min(1).max(200).optional(),
  validDays: z.int().min(1).max(365).optional(),
});
type RefundRequest = z.output<typeof RefundRequest>;

/**
 * What goes back of an order. GIVE_BACK: the refund with which nothing of the payment is left returns the coupons that
 * are still valid (with `validDays`: all, valid for so many days at least from now on). KEEP: they stay spent. While
 * something is left they stay spent.
 *
 * `rewards` says whether it counts against what promotions give for the order. TAKE_BACK, unless said: what the rest of
 * the payment does not earn is not given or, if the order is complete, taken back while it is unused, and a lower tier
 * that is still reached takes its place; what was used stays. KEEP: this refund changes nothing of it; but an order of
 * which all went back before it was complete never earns anything.
 */
export type RefundInput = z.input<typeof RefundRequest>;

/** A refund and the order as it stands after it. */
export interface Refunded {
  readonly order: CouponOrder;
  readonly refund: Refund;
}

/**
 * Takes a payment back, whole or in part. Without an amount all that is left of the payment, or of the lines named; an
 * amount is split over these lines in proportion to what is left to refund of each, by the largest remainder, so that
 * refunds of a line never pass what was paid for it. The same `refundId` is given once and answered the same again.
 * Refusals: NOT_FOUND, INVALID_INPUT (more than was paid), CONFLICT (this `refundId` was given otherwise), WRONG_STATE
 * (not paid, or refunded in full).
 */
export async function refundOrder(ctx: Context, input: RefundInput) {
  const asked = parseInput(RefundRequest, input);
  if (isRefusal(asked)) return asked;
  for (let n = 0; n < tries; n++) {
    const order = await findOrder(ctx, asked.orderId);
    if (!order) return refuse.notFound("order", asked.orderId);
    const known = await findRefund(ctx, order.id, asked.refundId);
    if (known) {
      if (known.asked === termsOf(asked)) return { order, refund: known };
      return refuse.conflict("This refundId was used for another refund of the order.");
    }
    if (order.state !== "REDEEMED" && order.state !== "COMPLETED") return notRefundable(order);
    const earlier = await refundsOf(ctx, order.id);
    const parts = partsOf(asked, order, earlier);
    if (isRefusal(parts)) return parts;
    await give(ctx, asked, { order, earlier, parts });
  }
  return tooBusy();
}

function notRefundable({ state }: CouponOrder) {
  const why = state === "REFUNDED" ? "all that was paid went back" : `it is ${state}`;
  return refuse.wrongState(`There is nothing to refund of this order: ${why}.`, state);
}

/** What was asked for, to know it again; that of refunds before there were rewards is still the same. */
function termsOf({ policy, rewards, amount, lines, validDays }: RefundRequest): string {
  const terms = [policy, amount ?? null, lines ? [...lines].sort() : null, validDays ?? null];
  return JSON.stringify(rewards === "KEEP" ? [...terms, "KEEP"] : terms);
}

/** What goes back of each line. */
type LineAmounts = readonly { readonly line: string; readonly amount: number }[];

function partsOf({ amount, lines }: RefundRequest, { quote }: CouponOrder, earlier: readonly Refund[]) {
  const known = new Set(quote.lines.map(({ id }) => id));
  const stranger = lines?.findIndex((line) => !known.has(line)) ?? -1;
  if (stranger >= 0) return refuse.invalid([{ path: `lines.${stranger}`, message: "is no line of the order" }]);
  const named = quote.lines
    .filter(({ id }) => lines === undefined || lines.includes(id))
    .map(({ id, pay }) => ({ id, left: pay - refundedOf(id, earlier) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const left = named.map((line) => line.left);
  const all = sum(left);
  const asked = amount ?? all;
  if (asked > all) return refuse.invalid([{ path: "amount", message: `is more than is left to refund: ${all}` }]);
  if (asked === 0 && lines) return refuse.invalid([{ path: "lines", message: "nothing is left to refund of them" }]);
  const parts = allocate(asked, left);
  return named.map(({ id }, n) => ({ line: id, amount: parts[n] ?? 0 })).filter((part) => part.amount > 0);
}

function refundedOf(line: string, refunds: readonly Refund[]): number {
  return sum(refunds.flatMap(({ lines }) => lines.filter((part) => part.line === line).map((part) => part.amount)));
}

interface Deciding {
  readonly order: CouponOrder;
  readonly earlier: readonly Refund[];
  readonly parts: LineAmounts;
}

async function give(ctx: Context, asked: RefundRequest, { order, earlier, parts }: Deciding): Promise<void> {
  const { rewards, policy } = asked;
  const amount = sum(parts.map((part) => part.amount));
  const isWhole = order.refunded + amount === order.quote.pay;
  const givesBack = isWhole && policy === "GIVE_BACK";
  const results = await ctx.db.write(
    refundStatements(ctx, order, {
      name: asked.refundId,
      policy,
      rewards,
      earned: stillEarned(order.quote, [...earlier, { rewards, isWhole, lines: parts }]),
      asked: termsOf(asked),
      amount,
      lines: parts,
      isWhole,
      givesBack,
      validDays: asked.validDays ?? 0,
    }),
  );
  if (givesBack) await couponsGivenBack(ctx, order.quote.coupons, results.slice(0, -1));
}
