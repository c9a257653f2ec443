/** The tables that checkout owns. */
export const tables = [
  "coupon_order",
  "coupon_order_refund",
  "order_reward",
  "order_reward_count",
  "order_sum",
  "spend_reckoning",
] as const;
