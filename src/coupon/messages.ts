import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** The flow of what fills pools: one step at a time. */
export const codesFlow = "codes";

/** Add the next codes to a pool that has `from` of them. */
export const couponPool = defineMessage(
  "coupon-pool",
  z.object({ pool: z.int().positive(), from: z.int().nonnegative() }),
  ({ pool, from }) => `pool/${pool}/${from}`,
);
