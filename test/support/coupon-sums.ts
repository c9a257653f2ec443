import { sql } from "drizzle-orm";
import type { Database } from "../../src/db/client.ts";

/**
 * Everything that does not add up about coupons, a sentence each: counters against rows, tallies against rows, rows
 * against stock, budget and limits, coupons against orders, codes against pools. Nothing, in a healthy shop, at any
 * time.
 */
export async function couponSums(db: Database): Promise<string[]> {
  const found = await db.all<{ fault: string }>(sql`
    WITH per AS (
      SELECT template, count(*) AS n, sum(held_budget) AS held_budget,
        count(*) FILTER (WHERE source IN ('CLAIM', 'CODE')) AS claimed,
        coalesce(sum(discount) FILTER (WHERE state = 'USED'), 0) AS discount, count(code) AS codes
      FROM coupon GROUP BY template),
    t AS (
      SELECT t.*, coalesce(n, 0) AS n, coalesce(per.held_budget, 0) AS held, coalesce(per.claimed, 0) AS came,
        coalesce(per.discount, 0) AS paid,
        coalesce(per.codes, 0) AS codes
      FROM coupon_template t LEFT JOIN per ON per.template = t.id),
    used AS (
      SELECT s.*, u.value ->> 'coupon' AS coupon, u.value ->> 'template' AS template
      FROM coupon_order s, json_each(s.quote, '$.coupons') u),
    tallied AS (
      SELECT y.*, (SELECT count(*) FROM coupon c WHERE c.template = y.template AND c.state = y.state) AS rows
      FROM coupon_counts y)
    SELECT 'template ' || id || ': ' || issued || ' are counted as issued, ' || n || ' are there' AS fault FROM t
      WHERE issued <> n
    UNION ALL SELECT 'template ' || id || ': ' || claimed || ' are counted as claimed, ' || came || ' are' FROM t
      WHERE claimed <> came
    UNION ALL SELECT 'template ' || id || ': ' || n || ' of ' || stock || ' were given' FROM t WHERE n > stock
    UNION ALL SELECT 'template ' || id || ': ' || reserved || ' is reserved, its coupons hold ' || held FROM t
      WHERE reserved <> held
    UNION ALL SELECT 'template ' || id || ': ' || spent || ' is spent, its coupons took off ' || paid FROM t
      WHERE spent <> paid
    UNION ALL SELECT 'template ' || id || ': ' || held || ' + ' || paid || ' of the budget ' || budget FROM t
      WHERE held + paid > budget
    UNION ALL SELECT 'template ' || id || ': ' || (n - codes) || ' coupons have no code' FROM t
      WHERE code_mode <> 'NONE' AND codes <> n
    UNION ALL SELECT 'template ' || id || ': the stock is ' || stock || ', not its codes' FROM t
      WHERE code_mode = 'POOL' AND stock IS NOT (SELECT count(*) FROM pool_code WHERE template = t.id)
    UNION ALL SELECT 'template ' || id || ': ' || n || ' coupons, and as many codes are not given' FROM t
      WHERE code_mode = 'POOL' AND n <> (
        SELECT count(*) FROM pool_code p JOIN coupon c ON c.id = p.coupon AND c.code = p.code
        AND c.template = p.template WHERE p.template = t.id)
    UNION ALL SELECT 'counts ' || template || ' ' || state || ': ' || n || ', there are ' || rows FROM tallied
      WHERE n <> rows
    UNION ALL SELECT 'counts ' || template || ': ' || discount || ' was taken off' FROM tallied
      WHERE state = 'USED' AND discount <> (SELECT paid FROM t WHERE t.id = tallied.template)
    UNION ALL SELECT 'counts ' || template || ': a revenue of ' || revenue FROM tallied
      WHERE state = 'USED' AND revenue <> (
        SELECT coalesce(sum(pay - refunded), 0) FROM used
        WHERE used.template = tallied.template AND used.state IN ('REDEEMED', 'COMPLETED', 'REFUNDED'))
    UNION ALL SELECT 'coupon ' || id || ': is ' || state || ' and in no counts' FROM coupon c WHERE state <> 'AVAILABLE'
      AND NOT EXISTS (SELECT 1 FROM coupon_counts y WHERE y.template = c.template AND y.state = c.state)
    UNION ALL SELECT 'coupon ' || id || ': is ' || state || ' and holds ' || held_budget FROM coupon
      WHERE state NOT IN ('AVAILABLE', 'LOCKED') AND held_budget <> 0
    UNION ALL SELECT 'coupon ' || id || ': is AVAILABLE and of an order' FROM coupon
      WHERE state = 'AVAILABLE' AND order_id IS NOT NULL
    UNION ALL SELECT 'coupon ' || id || ': is LOCKED for no order' FROM coupon c WHERE state = 'LOCKED'
      AND NOT EXISTS (
        SELECT 1 FROM used WHERE used.coupon = c.id AND used.order_id = c.order_id AND used.state = 'LOCKED')
    UNION ALL SELECT 'coupon ' || id || ': is USED on no order' FROM coupon c WHERE state = 'USED'
      AND NOT EXISTS (SELECT 1 FROM used
        WHERE used.coupon = c.id AND used.order_id = c.order_id AND used.state IN ('REDEEMED', 'COMPLETED', 'REFUNDED'))
    UNION ALL SELECT 'order ' || order_id || ': is ' || state || ' without its coupon ' || coupon FROM used
      WHERE state IN ('LOCKED', 'REDEEMED', 'COMPLETED')
      AND NOT EXISTS (SELECT 1 FROM coupon c WHERE c.id = used.coupon AND c.order_id = used.order_id
        AND c.state = CASE used.state WHEN 'LOCKED' THEN 'LOCKED' ELSE 'USED' END)
    UNION ALL SELECT
      'member ' || member || ': the numbers of ' || n || ' coupons of template ' || template || ' end at ' || last
      FROM (
      SELECT member, template, count(*) AS n, max(number) AS last FROM coupon GROUP BY member, template) WHERE n <> last
    UNION ALL SELECT 'member ' || member || ': ' || n || ' coupons of template ' || template || ' are too many' FROM (
      SELECT member, template, count(*) AS n FROM coupon GROUP BY member, template)
      WHERE n > (SELECT per_member FROM t WHERE t.id = template)
    UNION ALL SELECT 'pool ' || id || ': ' || made || ' codes are counted' FROM code_pool p
      WHERE made <> (SELECT count(*) FROM pool_code WHERE pool = p.id)`);
  return found.map(({ fault }) => fault);
}
