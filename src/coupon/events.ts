import { z } from "zod";
import { defineEvent } from "../queue/event/event.ts";

const template = z.int();
/** The recurring template of which the template is an occurrence. */
const recurringTemplate = z.int().nullable();

/**
 * The last coupon was given, or too little is left of the budget. Recorded by a trigger (`coupon_template_moved`), in
 * the change itself.
 */
export const couponSoldOut = defineEvent(
  "coupon.sold_out",
  2,
  z.object({
    template,
    recurringTemplate,
    issued: z.int().nonnegative(),
    stock: z.int().nullable(),
    /** Minor units. */
    budget: z.int().nullable(),
    /** Of the budget; version 1 had none. */
    currency: z.string().optional(),
  }),
  { ids: { template: "CouponTemplate", recurringTemplate: "CouponTemplate" }, money: ["budget"] },
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
