import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Statement } from "../db/statement.ts";
import { defineEvent, type EventType, recordEach } from "../queue/event/event.ts";
import { isWanted } from "../webhook/told.ts";

// What becomes of orders. They may be millions, so that nothing is recorded unless an endpoint wants it.

const subject = {
  couponOrder: z.int(),
  /** The shop's. */
  orderId: z.string(),
  /** Its public id. */
  member: z.string(),
  /** What was agreed to be paid, minor units. */
  pay: z.int(),
  currency: z.string(),
};
const ids = { couponOrder: "CouponOrder" } as const;

/** It was paid, and its coupons are spent. */
export const orderRedeemed = defineEvent("order.redeemed", 1, z.object(subject), {
  ids,
  money: ["pay"],
  member: "member",
});

/** Its goods are kept, and what it earned is given. */
export const orderCompleted = defineEvent(
  "order.completed",
  1,
  z.object({
    ...subject,
    /** What of it went back before, minor units. */
    refunded: z.int(),
  }),
  { ids, money: ["pay", "refunded"], member: "member" },
);

/** Some of what was paid for it went back, or all. */
export const orderRefunded = defineEvent(
  "order.refunded",
  1,
  z.object({
    ...subject,
    /** The shop's name of this refund. */
    refundId: z.string(),
    /** How much went back with it, and with all so far, minor units. */
    amount: z.int(),
    refunded: z.int(),
    /** Whether nothing of the payment is left. */
    whole: z.boolean(),
  }),
  { ids, money: ["pay", "amount", "refunded"], member: "member" },
);

/**
 * Records what happens to orders `o` of a query; it stands before the change, as what it reads of them. `more` are
 * further facts, for `json_object`.
 */
export function ordersTold(event: EventType<unknown>, more: SQL, from: SQL, now: number): Statement {
  return recordEach(
    event,
    {
      subject: sql`'order/' || o.id`,
      data: sql`json_object('couponOrder', o.id, 'orderId', o.order_id, 'member', m.id,
        'currency', o.quote ->> '$.currency', ${more})`,
    },
    sql`${from} CROSS JOIN member m ON m.seq = o.member WHERE ${isWanted(event.type)}`,
    now,
  );
}
