import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { shopFigures } from "../../src/operations/shop-figures.ts";

/** Figures by shop as the rows have them, where none were forgotten: `{ "a couponsUsed": 3, "a budget EUR": 90 }`. */
async function counted({ db }: Context): Promise<Record<string, number>> {
  const rows = await db.all<{ name: string; n: number }>(sql`
    WITH c AS (SELECT c.*, t.shop FROM coupon c JOIN coupon_template t ON t.id = c.template),
    o AS (
      SELECT *, (SELECT CASE WHEN count(DISTINCT value ->> '$.shop') = 1 THEN max(value ->> '$.shop') ELSE '' END
        FROM json_each(cart, '$.lines')) AS owner, quote ->> '$.currency' AS currency
      FROM coupon_order WHERE state IN ('REDEEMED', 'COMPLETED', 'REFUNDED')),
    used AS (
      SELECT u.value ->> '$.template' AS template, s.pay - s.refunded AS revenue
      FROM coupon_order s, json_each(s.quote, '$.coupons') u WHERE s.state IN ('REDEEMED', 'COMPLETED', 'REFUNDED'))
    SELECT shop || ' templates' AS name, count(*) AS n FROM coupon_template
      WHERE recurring_template IS NULL GROUP BY shop
    UNION ALL SELECT shop || ' couponsIssued', count(*) FROM c GROUP BY shop
    UNION ALL SELECT shop || ' couponsClaimed', count(*) FROM c WHERE source IN ('CLAIM', 'CODE') GROUP BY shop
    UNION ALL SELECT shop || ' coupons' || substr(state, 1, 1) || lower(substr(state, 2)), count(*) FROM c
      GROUP BY shop, state
    UNION ALL SELECT t.shop || ' codePools', count(*) FROM code_pool p
      JOIN coupon_template t ON t.id = p.template GROUP BY 1
    UNION ALL SELECT t.shop || ' codes', count(*) FROM pool_code p
      JOIN coupon_template t ON t.id = p.template GROUP BY 1
    UNION ALL SELECT shop || ' budget ' || currency, sum(coalesce(budget, 0)) FROM coupon_template
      WHERE recurrence IS NULL GROUP BY 1
    UNION ALL SELECT c.shop || ' budgetReserved ' || t.currency, sum(c.held_budget) FROM c
      JOIN coupon_template t ON t.id = c.template GROUP BY 1
    UNION ALL SELECT c.shop || ' budgetSpent ' || t.currency, sum(c.discount) FILTER (WHERE c.state = 'USED') FROM c
      JOIN coupon_template t ON t.id = c.template GROUP BY 1
    UNION ALL SELECT t.shop || ' couponRevenue ' || t.currency, sum(used.revenue) FROM used
      JOIN coupon_template t ON t.id = used.template GROUP BY 1
    UNION ALL SELECT owner || ' ordersPaid', count(*) FROM o GROUP BY 1
    UNION ALL SELECT owner || ' ordersRefunded', count(*) FROM o WHERE state = 'REFUNDED' GROUP BY 1
    UNION ALL SELECT owner || ' orderPay ' || currency, sum(pay) FROM o GROUP BY 1
    UNION ALL SELECT owner || ' orderRefunded ' || currency, sum(refunded) FROM o GROUP BY 1
    UNION ALL SELECT owner || ' promotionDiscount ' || currency, sum(quote ->> '$.promotionDiscount') FROM o GROUP BY 1
    UNION ALL SELECT owner || ' couponDiscount ' || currency, sum(quote ->> '$.couponDiscount') FROM o GROUP BY 1
    UNION ALL SELECT shop || ' campaigns', count(*) FROM campaign WHERE deleted_at IS NULL GROUP BY shop
    UNION ALL SELECT c.shop || ' runs', count(*) FROM run r JOIN campaign c ON c.id = r.campaign GROUP BY 1
    UNION ALL SELECT c.shop || ' sent', count(*) FROM send s JOIN run r ON r.id = s.run
      JOIN campaign c ON c.id = r.campaign WHERE s.state = 'SENT' GROUP BY 1`);
  return Object.fromEntries(rows.filter(({ n }) => n).map(({ name, n }) => [name, n]));
}

/** The same as they are told; what is 0 is left out. */
export async function told(ctx: Context, shop?: string): Promise<Record<string, number>> {
  const figures = (await shopFigures(ctx, { shop })).flatMap((each) => [
    ...each.counts.map(({ name, value }) => [`${each.shop} ${name}`, value] as const),
    ...each.amounts.map(({ name, value, currency }) => [`${each.shop} ${name} ${currency}`, value] as const),
  ]);
  return Object.fromEntries(figures.filter(([, value]) => value !== 0));
}

/** Where the figures of shops are not what the rows say, a sentence each. */
export async function shopFaults(ctx: Context): Promise<string[]> {
  const [rows, figures] = [await counted(ctx), await told(ctx)];
  const names = new Set([...Object.keys(rows), ...Object.keys(figures)]);
  return [...names]
    .filter((name) => rows[name] !== figures[name])
    .map((name) => `${name} is told as ${figures[name] ?? 0}, it is ${rows[name] ?? 0}`);
}
