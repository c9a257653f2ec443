import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { FiguresByShop } from "../figures.ts";

/** Templates with their coupons, budgets and codes by shop, from sums that move with them. */
export const couponFigures: FiguresByShop<Context> = {
  counts: {
    templates: "Coupon templates, whatever became of them; what recurs is one.",
    couponsIssued: "Coupons that were given: available + locked + used + expired + withdrawn.",
    couponsClaimed: "Of these, those that members came for themselves, with a claim or a code.",
    couponsAvailable: "Coupons that can be used, or will expire when the time comes.",
    couponsLocked: "Coupons that are held for an order that is being paid.",
    couponsUsed: "Coupons that were used on an order.",
    couponsExpired: "Coupons that were not used in time.",
    couponsWithdrawn: "Coupons that were taken back.",
    codePools: "Pools of codes.",
    codes: "Codes in these pools, given or not.",
  },
  amounts: {
    budget: "What coupons may cost in all, where a budget bounds them.",
    budgetReserved: "Of the budgets: held for coupons that may still be used.",
    budgetSpent: "What coupons that were used took off.",
    couponRevenue: "What was paid for the carts on which coupons were used.",
  },
  read: ({ db }, isWanted) => db.all(sql.join([ofTemplates(isWanted), ofCoupons(isWanted), ofPools(isWanted)], union)),
};

const union = sql` UNION ALL `;

/** The times that a template recurs give coupons and have budgets of their own; the template itself has none. */
function ofTemplates(isWanted: (shop: SQL) => SQL): SQL {
  const [count, sum] = [
    (name: string, value: SQL) => sql`SELECT t.shop, ${name} AS name, ${value} AS value, NULL AS currency
      FROM coupon_template t WHERE ${isWanted(sql`t.shop`)} GROUP BY t.shop`,
    (name: string, value: SQL) => sql`SELECT t.shop, ${name}, sum(${value}), t.currency
      FROM coupon_template t WHERE ${isWanted(sql`t.shop`)} AND t.recurrence IS NULL GROUP BY t.shop, t.currency`,
  ];
  const parts = [
    count("templates", sql`count(*) FILTER (WHERE t.recurring_template IS NULL)`),
    count("couponsIssued", sql`sum(t.issued)`),
    count("couponsClaimed", sql`sum(t.claimed)`),
    sum("budget", sql`coalesce(t.budget, 0)`),
    sum("budgetReserved", sql`t.reserved`),
    sum("budgetSpent", sql`t.spent`),
  ];
  return sql.join(parts, union);
}

function ofCoupons(isWanted: (shop: SQL) => SQL): SQL {
  const wanted = isWanted(sql`t.shop`);
  const from = sql`coupon_template t CROSS JOIN coupon_counts c ON c.template = t.id WHERE ${wanted}`;
  const state = sql`upper(substr(c.state, 1, 1)) || lower(substr(c.state, 2))`;
  return sql`SELECT t.shop, 'coupons' || ${state}, sum(c.n), NULL FROM ${from} GROUP BY t.shop, c.state
    UNION ALL SELECT shop, 'couponsAvailable', sum(n), NULL FROM (
      SELECT t.shop, sum(t.issued) AS n FROM coupon_template t WHERE ${wanted} GROUP BY t.shop
      UNION ALL SELECT t.shop, -sum(c.n) FROM ${from} GROUP BY t.shop) GROUP BY shop
    UNION ALL SELECT t.shop, 'couponRevenue', sum(c.revenue), t.currency FROM ${from} GROUP BY t.shop, t.currency`;
}

function ofPools(isWanted: (shop: SQL) => SQL): SQL {
  const from = sql`code_pool p CROSS JOIN coupon_template t ON t.id = p.template WHERE ${isWanted(sql`t.shop`)}`;
  return sql`SELECT t.shop, 'codePools', count(*), NULL FROM ${from} GROUP BY t.shop
    UNION ALL SELECT t.shop, 'codes', sum(p.made), NULL FROM ${from} GROUP BY t.shop`;
}
