import type { Issue } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";
import type { Language } from "../language.ts";
import { moneyText } from "../money.ts";
import { Conditions } from "./conditions.ts";
import type { Words } from "./discount.ts";
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

/** What coupons of a template are worth, in a language: `€30 off from €200`, `满€200减€30`. */
export function describeDiscount({ kind, params, currency }: Priced, language: Language): string {
  return discountOf(kind)?.describe(params, wordsOf(currency, language)) ?? kind;
}

/** For which goods and from which amount, in a language; empty where there is no condition. */
export function describeConditions({ conditions, currency }: Conditioned, language: Language): string {
  const { goods, categories, minimum } = Conditions.parse(conditions);
  const say = conditionWords[language];
  const named = (what: string, list: readonly string[]) => (list.length > 0 ? `${what} ${list.join(say.comma)}` : "");
  const only = joined([named(say.goods, goods.include), named(say.categories, categories.include)], say.or);
  const but = joined([named(say.goods, goods.exclude), named(say.categories, categories.exclude)], say.and);
  const from = minimum > 0 ? say.from(wordsOf(currency, language).money(minimum)) : "";
  return joined([only && say.only(only), but && say.but(but), from], say.semicolon);
}

type Priced = Pick<DiscountTerms, "kind" | "params"> & { readonly currency: string };
type Conditioned = Pick<DiscountTerms, "conditions"> & { readonly currency: string };

function wordsOf(currency: string, language: Language): Words {
  return { language, money: (amount) => moneyText({ amount, currency }, language) };
}

const conditionWords = {
  en: {
    goods: "goods",
    categories: "categories",
    comma: ", ",
    or: " or ",
    and: " and ",
    semicolon: "; ",
    only: (what: string) => `for ${what}`,
    but: (what: string) => `not for ${what}`,
    from: (amount: string) => `from ${amount}`,
  },
  zh: {
    goods: "商品",
    categories: "类目",
    comma: "、",
    or: "或",
    and: "和",
    semicolon: "；",
    only: (what: string) => `仅限${what}`,
    but: (what: string) => `不含${what}`,
    from: (amount: string) => `满${amount}可用`,
  },
} as const satisfies Record<Language, unknown>;

function joined(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== "").join(separator);
}
