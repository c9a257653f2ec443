import { type Context, defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { orderCompleted, orderRedeemed, orderRefunded } from "./events.ts";
import { openWorkOfOrder, stalledRewards, unparkRewards } from "./giving/parking.ts";
import { orderReward, rewardsFlow } from "./messages.ts";
import { completeDue } from "./order/completion-due.ts";
import { expireLocks } from "./order/lock-expiry.ts";
import { orderKeeps } from "./order/retention.ts";
import { orderPersonalData } from "./personal-data.ts";
import { rewardGauges } from "./reward/gauges.ts";
import { checkoutSettings } from "./settings.ts";
import { reckonSpend } from "./spend/reckon-spend.ts";
import { tables } from "./table.ts";

/** Orders freed, and completed, in one step of the sweep. */
const batchSize = 500;
const completedAtOnce = 100;

export const checkout = defineDomain({
  name: "checkout",
  about: "What a cart costs with promotions and coupons, the orders that use them, and what they earn.",
  tables,
  subjects: { order: { type: "CouponOrder" } },
  settings: checkoutSettings,
  messages: [owned(orderReward, { unpark: unparkRewards })],
  flows: { [rewardsFlow]: { parallelism: 5 } },
  events: [
    { event: orderRedeemed, told: "An order was paid." },
    { event: orderCompleted, told: "An order is complete: what promotions promised for it is given." },
    { event: orderRefunded, told: "What was paid for an order went back, in part or in full." },
  ],
  personalData: orderPersonalData,
  stalled: stalledRewards,
  openWork: { order: openWorkOfOrder },
  tidy,
  keeps: orderKeeps,
  gauges: rewardGauges,
  scopes: { "orders:write": "Report orders, quote carts and redeem coupons." },
});

async function tidy(ctx: Context): Promise<void> {
  await expireLocks(ctx, batchSize);
  await completeDue(ctx, completedAtOnce);
  await reckonSpend(ctx);
}
