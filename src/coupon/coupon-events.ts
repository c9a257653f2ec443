import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Statement } from "../db/statement.ts";
import { defineEvent, type EventType, recordEach } from "../queue/event/event.ts";
import { isWanted } from "../webhook/told.ts";

// What becomes of single coupons. They may be millions, so that nothing is recorded unless an endpoint wants it.

const subject = {
  coupon: z.int(),
  template: z.int(),
  /** The recurring template of which the template is an occurrence. */
  recurringTemplate: z.int().nullable(),
  /** Its public id. */
  member: z.string(),
};
const ids = { coupon: "Coupon", template: "CouponTemplate", recurringTemplate: "CouponTemplate" } as const;
/** The shop's. */
const orderId = z.string();
/** ms; null = for ever. */
const validTo = z.int().nullable();

/** A member came by a coupon. */
export const couponClaimed = defineEvent(
  "coupon.claimed",
  1,
  z.object({
    ...subject,
    /** CLAIM: she claimed it; CODE: she typed its code; ISSUE: it was given to her alone; RUN: by a campaign. */
    source: z.string(),
    /** What it was given for, e.g. `order/2026-1`, where the shop said so. */
    givenFor: z.string().nullish(),
    /** The run that gave it, or by whose link it was claimed. */
    run: z.int().nullable(),
    /** ms. */
    validFrom: z.int(),
    validTo,
  }),
  { ids: { ...ids, run: "Run" }, times: ["validFrom", "validTo"], member: "member" },
);

/** It was spent on an order. */
export const couponRedeemed = defineEvent(
  "coupon.redeemed",
  1,
  z.object({
    ...subject,
    orderId,
    /** Minor units. */
    discount: z.int(),
    currency: z.string(),
  }),
  { ids, money: ["discount"], member: "member" },
);

/** Its time passed before it was used. */
export const couponExpired = defineEvent("coupon.expired", 1, z.object({ ...subject, validTo }), {
  ids,
  times: ["validTo"],
  member: "member",
});

/** A refund of the order gave it back: it can be used again. */
export const couponRefunded = defineEvent("coupon.refunded", 1, z.object({ ...subject, orderId, validTo }), {
  ids,
  times: ["validTo"],
  member: "member",
});

/** The shop took it back. */
export const couponWithdrawn = defineEvent("coupon.withdrawn", 1, z.object(subject), { ids, member: "member" });

/** Which coupons `c` something happens to, read in the transaction of the change. */
interface Which {
  /** What `c` comes from. */
  readonly from: SQL;
  readonly where: SQL;
}

const source = sql`
  CASE WHEN c.source GLOB 'run/*' THEN 'RUN' WHEN c.source GLOB '*/*' THEN 'ISSUE' ELSE c.source END`;
const givenFor = sql`CASE WHEN c.source GLOB '*/*' AND NOT c.source GLOB 'run/*' THEN c.source END`;
const run = sql`coalesce(c.invited_by, CASE WHEN c.source GLOB 'run/*' THEN CAST(substr(c.source, 5) AS INTEGER) END)`;

/** Records that coupons were given; it stands behind the change. */
export function couponsClaimed(which: Which): Statement {
  const more = sql`'source', ${source}, 'givenFor', ${givenFor}, 'run', ${run},
    'validFrom', c.valid_from, 'validTo', c.valid_to`;
  return each(couponClaimed, more, which, sql`c.at`);
}

/**
 * Records that coupons are spent on an order, `discount` (SQL, minor units) of each. It stands before the change, as
 * all below.
 */
export function couponsRedeemed(which: Which, orderId: string, discount: SQL, now: number): Statement {
  return each(couponRedeemed, sql`'orderId', ${orderId}, 'discount', ${discount}, 'currency', t.currency`, which, now);
}

/** Records that coupons expire. */
export function couponsExpired(which: Which, now: number): Statement {
  return each(couponExpired, sql`'validTo', c.valid_to`, which, now);
}

/** Records that coupons come back from an order, to be valid until `validTo` (SQL, ms). */
export function couponsRefunded(which: Which, orderId: string, validTo: SQL, now: number): Statement {
  return each(couponRefunded, sql`'orderId', ${orderId}, 'validTo', ${validTo}`, which, now);
}

/** Records that the shop takes coupons back. */
export function couponsWithdrawn(which: Which, now: number): Statement {
  return each(couponWithdrawn, undefined, which, now);
}

/**
 * Records what the batch claimed, right behind the one INSERT that did: new rows have the highest ids. Made once, for
 * every claim pays for it.
 */
export const justClaimed: Statement = couponsClaimed({
  from: sql`coupon c`,
  where: sql`c.id > (SELECT max(id) FROM coupon) - changes()`,
});

function each(event: EventType<unknown>, more: SQL | undefined, { from, where }: Which, at: number | SQL): Statement {
  const data = sql`json_object('coupon', c.id, 'template', c.template, 'recurringTemplate', t.recurring_template,
    'member', m.id${more && sql`, ${more}`})`;
  return recordEach(
    event,
    { subject: sql`'coupon/' || c.id`, data },
    sql`${from} CROSS JOIN coupon_template t ON t.id = c.template CROSS JOIN member m ON m.seq = c.member
      WHERE ${isWanted(event.type)} AND ${where}`,
    at,
  );
}
