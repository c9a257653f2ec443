import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

const days = z.coerce.number().int().positive();
const dayMs = 86_400_000;

/** What an installation sets of orders. */
export const checkoutSettings = defineSettings(
  "checkout",
  { ORDER_DAYS: days.default(400), ORDER_COMPLETE_DAYS: days.optional() },
  ({ ORDER_DAYS, ORDER_COMPLETE_DAYS }) => ({
    /** How long an order is kept after it was redeemed, in milliseconds: so long it may be refunded. */
    orderKeepMs: ORDER_DAYS * dayMs,
    /** How long after it was redeemed an order is complete by itself, in milliseconds; undefined: it never is. */
    completeAfterMs: ORDER_COMPLETE_DAYS === undefined ? undefined : ORDER_COMPLETE_DAYS * dayMs,
  }),
);
