import { defineDomain } from "../context.ts";
import { expireLocks } from "./order/lock-expiry.ts";
import { orderKeeps } from "./order/retention.ts";
import { orderPersonalData } from "./personal-data.ts";
import { checkoutSettings } from "./settings.ts";
import { tables } from "./table.ts";

/** Orders freed in one step of the sweep. */
const batchSize = 500;

export const checkout = defineDomain({
  name: "checkout",
  about: "What a cart costs with promotions and coupons, and the orders that use them.",
  tables,
  settings: checkoutSettings,
  personalData: orderPersonalData,
  tidy: async (ctx) => void (await expireLocks(ctx, batchSize)),
  keeps: orderKeeps,
  scopes: { "orders:write": "Report orders, quote carts and redeem coupons." },
});
