import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { couponStates } from "../../coupon/table.ts";
import { rows } from "../../db/bulk.ts";
import { Conditions } from "../../discount/conditions.ts";
import { discountOf } from "../../discount/kind/index.ts";
import { Stacking } from "../../discount/stacking.ts";
import type { CandidateCoupon } from "../quote/coupons.ts";

/** Coupons that one search looks at, at most: those that expire first. */
const maxCandidates = 200;

interface CandidateQuery {
  readonly member: number;
  /** Only these; without them all that the member could use. */
  readonly coupons?: readonly number[] | undefined;
  /** An order whose own coupons count as free. */
  readonly order?: string | undefined;
}

/** A member's coupons as a quote looks at them, and whether these are all. Locks that are over hold nothing. */
export async function candidateCoupons(
  ctx: Context,
  { member, coupons, order = "" }: CandidateQuery,
): Promise<{ readonly coupons: CandidateCoupon[]; readonly areAll: boolean }> {
  const now = ctx.clock();
  const which =
    coupons === undefined
      ? sql`c.state IN ('AVAILABLE', 'LOCKED') AND (c.valid_to IS NULL OR c.valid_to > ${now})`
      : sql`c.id IN (SELECT value FROM ${rows(coupons)})`;
  const found = await ctx.db.all<object>(sql`
    SELECT c.id, c.template, c.valid_from AS validFrom, c.valid_to AS validTo, c.held_budget AS heldBudget,
      t.name, t.shop, t.currency, t.kind, t.params, t.conditions, t.stacking, t.max_discount AS maxDiscount,
      c.held_budget + t.budget - t.reserved - t.spent AS room,
      CASE WHEN c.state = 'LOCKED' AND (c.order_id = ${order} OR c.locked_until <= ${now}) THEN 'AVAILABLE'
        ELSE c.state END AS state
    FROM coupon c CROSS JOIN coupon_template t ON t.id = c.template WHERE c.member = ${member} AND ${which}
    ORDER BY c.valid_to IS NULL, c.valid_to, c.id LIMIT ${maxCandidates + 1}`);
  const terms = termsReader();
  const candidates = found.slice(0, maxCandidates).map((row) => {
    const { room, heldBudget, ...coupon } = CandidateRow.parse(row);
    // Of an order that is locked nothing more is taken from the budget than is held for it.
    return { ...coupon, ...terms(coupon.template, row), room: room === null || order === "" ? room : heldBudget };
  });
  return { coupons: candidates, areAll: found.length <= maxCandidates };
}

const CandidateRow = z.object({
  id: z.int(),
  template: z.int(),
  name: z.string(),
  state: z.enum(couponStates),
  validFrom: z.int(),
  validTo: z.int().nullable(),
  shop: z.string(),
  currency: z.string(),
  maxDiscount: z.int().nullable(),
  room: z.int().nullable(),
  heldBudget: z.int(),
});

const TermsRow = z.object({ kind: z.string(), params: z.string(), conditions: z.string(), stacking: z.string() });

/** Reads what templates promise, each once. */
function termsReader() {
  const known = new Map<number, ReturnType<typeof readTerms>>();
  return (template: number, row: object) => {
    const terms = known.get(template) ?? readTerms(template, row);
    known.set(template, terms);
    return terms;
  };
}

function readTerms(template: number, row: object) {
  const { kind, params, conditions, stacking } = TermsRow.parse(row);
  const discount = discountOf(kind);
  if (!discount) throw new Error(`coupon template ${template} is of a kind that is not there: ${kind}`);
  const parsed: unknown = JSON.parse(params);
  return {
    conditions: Conditions.parse(JSON.parse(conditions)),
    stacking: Stacking.parse(JSON.parse(stacking)),
    isMoney: discount.isMoney,
    rule: discount.rule(parsed),
    threshold: discount.threshold(parsed),
  };
}
