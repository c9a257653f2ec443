import { z } from "zod";
import { defineEvent } from "../queue/event/event.ts";

const template = z.int();

/**
 * The last coupon was given, or too little is left of the budget. Recorded by a trigger (`coupon_template_moved`), in
 * the change itself.
 */
export const couponSoldOut = defineEvent(
  "coupon.sold_out",
  1,
  z.object({
    template,
    /** The recurring template of which this is an occurrence. */
    recurringTemplate: z.int().nullable(),
    issued: z.int().nonnegative(),
    stock: z.int().nullable(),
    /** Minor units. */
    budget: z.int().nullable(),
  }),
  { ids: { template: "CouponTemplate", recurringTemplate: "CouponTemplate" } },
);

/**
 * The gate before a template was off by much, again and again: something else than Fanfare moves it, or Redis loses
 * writes.
 */
export const couponDrift = defineEvent(
  "coupon.drift",
  1,
  z.object({
    template,
    /** Units that the gate had too many, or (negative) too few, before it was mended. */
    drift: z.int(),
    /** Units that are left by the database. */
    remaining: z.int().nonnegative(),
  }),
  { ids: { template: "CouponTemplate" } },
);
