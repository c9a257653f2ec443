import type { Issue } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";
import { Conditions } from "./conditions.ts";
import { discountKinds, discountOf } from "./kind/index.ts";
import { Stacking } from "./stacking.ts";

/** What a coupon takes off, of which goods, and beside which others: as a template has it, not checked yet. */
export interface DiscountTerms {
  readonly kind: string;
  readonly params: unknown;
  readonly conditions: unknown;
  readonly stacking: unknown;
}

/** Terms that were checked, or what is wrong with them. */
export interface CheckedTerms {
  readonly issues: readonly Issue[];
  /** As they are to be kept: with what they left out. */
  readonly read: DiscountTerms;
  /** What one coupon can cost at most, in minor units; null where nothing but the cart bounds it. */
  readonly maxDiscount: number | null;
}

/**
 * Reads a template's terms: parameters by the kind's own schema, conditions and stacking by theirs; faults by their
 * path.
 */
export function readDiscountTerms({ kind, params, conditions, stacking }: DiscountTerms): CheckedTerms {
  const discount = discountOf(kind);
  const known = discountKinds.map((each) => each.kind).join(", ");
  const parts = {
    params: discount && check(discount.params, params),
    conditions: check(Conditions, conditions),
    stacking: check(Stacking, stacking),
  };
  const issues = [
    ...(discount ? [] : [{ path: "kind", message: `there is no such kind; there are ${known}` }]),
    ...Object.entries(parts).flatMap(([name, part]) => schemaIssues(part?.error, [name])),
  ];
  const read = { kind, params: parts.params?.data, conditions: parts.conditions.data, stacking: parts.stacking.data };
  return { issues, read, maxDiscount: (issues.length === 0 && discount?.maxDiscount(params)) || null };
}

/**
 * What the goods that count must cost at least, in minor units: by the conditions, or by the kind where it has a
 * threshold (`spend`).
 */
export function thresholdOf({ kind, params, conditions }: Omit<DiscountTerms, "stacking">): number {
  return Math.max(discountOf(kind)?.threshold(params) ?? 0, Conditions.parse(conditions).minimum);
}

/** Whether nothing is left to pay of the smallest cart that a coupon is good for. */
export function leavesNothing(terms: DiscountTerms): boolean {
  const smallest = Math.max(1, thresholdOf(terms));
  return discountOf(terms.kind)?.rule(terms.params)({ amount: smallest, left: smallest }) === smallest;
}

/** What coupons of a template are worth, in the words of its kind; amounts are minor units. */
export function describeDiscount({ kind, params }: Pick<DiscountTerms, "kind" | "params">): string {
  return discountOf(kind)?.describe(params) ?? kind;
}

/** For which goods and from which amount, in words; empty where there is no condition. */
export function describeConditions(conditions: unknown): string {
  const { goods, categories, minimum } = Conditions.parse(conditions);
  const named = (what: string, list: readonly string[]) => (list.length > 0 ? `${what} ${list.join(", ")}` : "");
  const only = joined([named("goods", goods.include), named("categories", categories.include)], " or ");
  const but = joined([named("goods", goods.exclude), named("categories", categories.exclude)], " and ");
  return joined([only && `for ${only}`, but && `not for ${but}`, minimum > 0 ? `from ${minimum}` : ""], "; ");
}

function joined(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== "").join(separator);
}
