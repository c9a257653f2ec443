import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { couponTerms } from "./audience-terms.ts";
import { openPools, unparkPool } from "./code/pool-fill.ts";
import { couponClaimed, couponExpired, couponRedeemed, couponRefunded, couponWithdrawn } from "./coupon-events.ts";
import { couponDrift, couponSoldOut } from "./events.ts";
import { couponFigures } from "./figures.ts";
import { watchGates } from "./gate/gate-watch.ts";
import { couponGauges } from "./gauges.ts";
import { claimPage } from "./link/claim-page.ts";
import { codesFlow, couponExpire, couponPool, couponTakeBack } from "./messages.ts";
import { walletPersonalData } from "./personal-data.ts";
import { couponKeeps } from "./retention.ts";
import { couponReward } from "./reward.ts";
import { couponSettings } from "./settings.ts";
import { tables } from "./table.ts";
import { sweepTemplates } from "./template/sweep.ts";
import { openTakeBacks } from "./template/take-back.ts";

export const coupon = defineDomain({
  name: "coupon",
  about: "What is promised in coupons, who holds them, and the codes that stand for them.",
  tables,
  subjects: {
    "code-pool": {
      type: "CodePool",
      shop: (id) => sql`
        SELECT t.shop FROM code_pool p JOIN coupon_template t ON t.id = p.template WHERE p.id = ${id}`,
    },
    "notice-policy": { about: "what members are reminded of, of all templates" },
    "coupon-template": {
      type: "CouponTemplate",
      shop: (id) => sql`SELECT t.shop FROM coupon_template t WHERE t.id = ${id}`,
    },
    coupon: {
      type: "Coupon",
      shop: (id) => sql`SELECT t.shop FROM coupon c JOIN coupon_template t ON t.id = c.template WHERE c.id = ${id}`,
    },
  },
  settings: couponSettings,
  messages: [owned(couponPool, { unpark: unparkPool }), owned(couponExpire), owned(couponTakeBack)],
  // One step at a time: each keeps the database busy for a tenth of a second.
  flows: { [codesFlow]: { parallelism: 1 } },
  every: [{ cron: "* * * * *", message: couponExpire }],
  terms: couponTerms,
  rewards: [couponReward],
  events: [
    { event: couponClaimed, told: "A member came by a coupon: by herself, with a code, from the shop or a campaign." },
    { event: couponRedeemed, told: "A coupon was spent on an order." },
    { event: couponExpired, told: "A coupon's time passed before it was used." },
    { event: couponRefunded, told: "A refund gave a coupon back, to be used again." },
    { event: couponWithdrawn, told: "The shop took a coupon back." },
    { event: couponSoldOut, told: "Nothing is left of a coupon template's stock or budget." },
    {
      event: couponDrift,
      told: "The gate before a coupon template keeps being off by much; it was mended each time.",
    },
  ],
  personalData: walletPersonalData,
  stalled: async (ctx, before) => [...(await openTakeBacks(ctx, before)), ...(await openPools(ctx, before))],
  tidy: sweepTemplates,
  keeps: couponKeeps,
  gauges: couponGauges,
  figures: couponFigures,
  logs: ["pool", "codeHash", "template", "drift"],
  routes: { c: claimPage },
  services: [watchGates],
});
