import { defineDomain } from "../context.ts";
import { expireLocks } from "./order/lock-expiry.ts";
import { orderPersonalData } from "./personal-data.ts";
import { tables } from "./table.ts";

/** Orders freed in one step of the sweep. */
const batchSize = 500;

export const checkout = defineDomain({
  name: "checkout",
  about: "What a cart costs with promotions and coupons, and the orders that use them.",
  tables,
  personalData: orderPersonalData,
  tidy: async (ctx) => void (await expireLocks(ctx, batchSize)),
  scopes: { "orders:write": "Report orders, quote carts and redeem coupons." },
});
