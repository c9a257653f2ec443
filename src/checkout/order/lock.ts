import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { canLock, couponsLocked, lockStatements } from "../../coupon/use/lock.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import type { MemberKey } from "../../member/member.ts";
import { auditEach } from "../../transition/audit.ts";
import { Cart, type CartInput, isSameCart, shopOfCart } from "../cart.ts";
import type { Quote } from "../quote/quote-shape.ts";
import { refuseCoupons } from "../refusals.ts";
import { expireLocksOf } from "./lock-expiry.ts";
import { type CouponOrder, couponsOf, findOrder, ShopName, tooBusy, tries } from "./order.ts";
import { Chosen, memberOf, quoteOf } from "./quote-order.ts";

const LockRequest = z.object({
  orderId: ShopName,
  cart: Cart,
  couponIds: Chosen,
  ttlSeconds: z.int().min(10).max(86_400).default(900),
});
type LockRequest = z.output<typeof LockRequest>;

export interface LockInput {
  /** The shop's id of the order, 1–100 characters. */
  readonly orderId: string;
  readonly member: MemberKey;
  readonly cart: CartInput;
  /** Up to 20 of the member's coupons, all usable together; none for an order without coupons. */
  readonly couponIds: readonly number[];
  /** How long they and the price are held, 10 s to a day; 15 minutes unless said. */
  readonly ttlSeconds?: number | undefined;
}

/**
 * Holds an order that is being paid at the price that is quoted now, and the coupons for it, if it has any: nobody else
 * can use them until the order is redeemed or released, or the time is over. The same order with the same cart and
 * coupons is answered as it stands, with the time that it was given. Refusals: INVALID_INPUT, NOT_FOUND (the member),
 * COUPON_UNUSABLE, CONFLICT (the order is locked with something else, or another member's), WRONG_STATE (it is paid).
 */
export async function lockCoupons(ctx: Context, input: LockInput) {
  const { member: key, ...request } = input;
  const asked = parseInput(LockRequest, request);
  if (isRefusal(asked)) return asked;
  const member = await memberOf(ctx, key);
  if (isRefusal(member)) return member;
  for (let n = 0; n < tries; n++) {
    const before = await findOrder(ctx, asked.orderId);
    const standing = before && standingOrder(before, asked, member);
    if (standing) return standing;
    await expireLocksOf(ctx, asked.couponIds, asked.orderId);
    const quote = await quoteOf(ctx, { ...asked, member });
    if (quote.leftOut.length > 0) return refuseCoupons(quote.leftOut, quote.currency);
    const locked = await lock(ctx, asked, { member, quote });
    if (locked) return locked;
  }
  return tooBusy();
}

/** What to answer of an order that is there; undefined when it may be locked (again). */
function standingOrder(order: CouponOrder, asked: LockRequest, member: number) {
  if (order.member !== member) return refuse.conflict("This order is another member's.");
  switch (order.state) {
    case "LOCKED": {
      const coupons = [...asked.couponIds].sort((a, b) => a - b).join();
      if (coupons === couponsOf(order).join() && isSameCart(order.cart, asked.cart)) return order;
      return refuse.conflict("This order is locked with another cart or other coupons; release it first.");
    }
    case "REDEEMED":
    case "COMPLETED":
    case "REFUNDED":
      return refuse.wrongState(`This order is paid: it is ${order.state}.`, order.state);
    default:
      return undefined;
  }
}

interface Agreed {
  readonly member: number;
  readonly quote: Quote;
}

/** Locks in one batch; undefined when something it rests on was changed meanwhile. */
async function lock(ctx: Context, asked: LockRequest, agreed: Agreed): Promise<CouponOrder | undefined> {
  const revision = ctx.id();
  const deeds = auditEach(
    ctx,
    "order",
    sql`(SELECT id, 'locked' AS what FROM coupon_order WHERE order_id = ${asked.orderId} AND revision = ${revision})`,
  );
  const [, ...locked] = await ctx.db.write([...orderAndLock(asked, agreed, revision, ctx.clock()), ...deeds]);
  await couponsLocked(ctx, locked.slice(0, locked.length - deeds.length));
  const order = await findOrder(ctx, asked.orderId);
  return order?.revision === revision ? order : undefined;
}

/** The order takes its new revision if every coupon can be locked; what follows holds for that revision alone. */
function orderAndLock(
  { orderId, cart, ttlSeconds }: LockRequest,
  { member, quote }: Agreed,
  revision: string,
  now: number,
): Query[] {
  const { coupons, pay } = quote;
  const until = now + ttlSeconds * 1_000;
  const [cartText, quoteText] = [JSON.stringify(cart), JSON.stringify(quote)];
  return [
    sql`
      INSERT INTO coupon_order (order_id, shop, member, state, revision, cart, quote, pay, locked_at, locked_until)
      SELECT ${orderId}, ${shopOfCart(cart)}, ${member}, 'LOCKED', ${revision}, ${cartText}, ${quoteText}, ${pay},
        ${now}, ${until}
      WHERE ${canLock(coupons, member, now)}
      ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, revision = excluded.revision,
        shop = excluded.shop, cart = excluded.cart, quote = excluded.quote, pay = excluded.pay,
        locked_at = excluded.locked_at, locked_until = excluded.locked_until, ended_at = NULL
      WHERE coupon_order.member = excluded.member AND coupon_order.state IN ('RELEASED', 'EXPIRED')`,
    ...lockStatements(
      { orderId, coupons, until },
      sql`EXISTS (SELECT 1 FROM coupon_order WHERE order_id = ${orderId} AND revision = ${revision})`,
    ),
  ];
}
