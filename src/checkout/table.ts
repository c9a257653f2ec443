/** The tables that checkout owns. */
export const tables = ["coupon_order", "coupon_order_refund"] as const;
