import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** The flow of what promotions give: a crowd of orders must not take every place of the queue. */
export const rewardsFlow = "rewards";

/** Give what an order earned, or take back what it does no longer: whatever there is to do for its rewards. */
export const orderReward = defineMessage(
  "order-reward",
  z.object({ order: z.int().positive() }),
  ({ order }) => `order-reward/${order}`,
  { flow: rewardsFlow },
);
