import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { CouponState } from "../../coupon/table.ts";
import { prepared } from "../../db/statement.ts";
import { Conditions } from "../../discount/conditions.ts";
import { discountOf } from "../../discount/kind/index.ts";
import { Stacking } from "../../discount/stacking.ts";
import { perApp } from "../../memory.ts";
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
  const asked = { member, order, now: ctx.clock(), most: maxCandidates + 1 };
  const found = await ctx.db.all<CandidateRow>(
    coupons === undefined ? allOf(asked) : those({ ...asked, coupons: JSON.stringify(coupons) }),
  );
  const candidates = found.slice(0, maxCandidates).map((row) => {
    const { kind, params, conditions, stacking, room, heldBudget, ...coupon } = row;
    const terms = termsOf(ctx, coupon.template, { kind, params, conditions, stacking });
    // Of an order that is locked nothing more is taken from the budget than is held for it.
    return { ...coupon, ...terms, room: room === null || order === "" ? room : heldBudget };
  });
  return { coupons: candidates, areAll: found.length <= maxCandidates };
}

interface Asked {
  readonly member: number;
  readonly order: string;
  readonly now: number;
  readonly most: number;
}

const allOf = prepared<Asked>((it) =>
  candidates(it, sql`c.state IN ('AVAILABLE', 'LOCKED') AND (c.valid_to IS NULL OR c.valid_to > ${it.now})`),
);

const those = prepared<Asked & { readonly coupons: string }>((it) =>
  candidates(it, sql`c.id IN (SELECT value FROM json_each(${it.coupons}))`),
);

function candidates({ member, order, now, most }: Readonly<Record<keyof Asked, unknown>>, which: SQL): SQL {
  return sql`
    SELECT c.id, c.template, c.valid_from AS validFrom, c.valid_to AS validTo, c.held_budget AS heldBudget,
      t.name, t.shop, t.currency, t.kind, t.params, t.conditions, t.stacking, t.max_discount AS maxDiscount,
      c.held_budget + t.budget - t.reserved - t.spent AS room,
      CASE WHEN c.state = 'LOCKED' AND (c.order_id = ${order} OR c.locked_until <= ${now}) THEN 'AVAILABLE'
        ELSE c.state END AS state
    FROM coupon c CROSS JOIN coupon_template t ON t.id = c.template WHERE c.member = ${member} AND ${which}
    ORDER BY c.valid_to IS NULL, c.valid_to, c.id LIMIT ${most}`;
}

interface CandidateRow extends WrittenTerms {
  readonly id: number;
  readonly template: number;
  readonly name: string;
  readonly state: CouponState;
  readonly validFrom: number;
  readonly validTo: number | null;
  readonly shop: string;
  readonly currency: string;
  readonly maxDiscount: number | null;
  readonly room: number | null;
  readonly heldBudget: number;
}

/** What a template promises, as it is written down. */
interface WrittenTerms {
  readonly kind: string;
  readonly params: string;
  readonly conditions: string;
  readonly stacking: string;
}

const mostKept = 2_000;

/** What templates promise, read once for each way in which it is written: the same words are the same promise. */
function termsOf(ctx: Context, template: number, written: WrittenTerms) {
  const kept = perApp(ctx, "checkout.couponTerms", () => new Map<string, ReturnType<typeof readTerms>>());
  const words = JSON.stringify(written);
  const known = kept.get(words);
  if (known) return known;
  const terms = readTerms(template, written);
  if (kept.size >= mostKept) kept.clear();
  kept.set(words, terms);
  return terms;
}

function readTerms(template: number, { kind, params, conditions, stacking }: WrittenTerms) {
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
