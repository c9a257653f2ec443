import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

/** What an installation sets of orders. */
export const checkoutSettings = defineSettings(
  "checkout",
  { ORDER_DAYS: z.coerce.number().int().positive().default(400) },
  ({ ORDER_DAYS }) => ({
    /** How long an order is kept after it was redeemed, in milliseconds: so long it may be refunded. */
    orderKeepMs: ORDER_DAYS * 86_400_000,
  }),
);
