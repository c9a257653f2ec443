import type { Issue } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";
import type { Language } from "../language.ts";
import { moneyText, shareText } from "../money.ts";
import { Conditions } from "./conditions.ts";
import type { Figures } from "./discount.ts";
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
export function thresholdOf(terms: Omit<DiscountTerms, "stacking">): number {
  return Math.max(ownThreshold(terms), Conditions.parse(terms.conditions).minimum);
}

/** By the kind alone; 0 where it has none, or is none of coupons. */
function ownThreshold({ kind = "", params }: Partial<Pick<DiscountTerms, "kind" | "params">>): number {
  return params === undefined ? 0 : (discountOf(kind)?.threshold(params) ?? 0);
}

/** Whether nothing is left to pay of the smallest cart that a coupon is good for. */
export function leavesNothing(terms: DiscountTerms): boolean {
  const smallest = Math.max(1, thresholdOf(terms));
  return discountOf(terms.kind)?.rule(terms.params)({ amount: smallest, left: smallest }) === smallest;
}

/**
 * What coupons of a template are worth, in a language: `€30 off from €200`, `满€200减€30`. Figures are as `locale`
 * writes them, the language itself unless said.
 */
export function describeDiscount({ kind, params, currency }: Priced, language: Language, locale?: string): string {
  return discountOf(kind)?.describe(params, { language, ...figuresOf(currency, locale ?? language) }) ?? kind;
}

/** What a coupon takes off as a figure alone, `€30` or `5%`, in the figures of a locale. */
export function offOf({ kind, params, currency }: Priced, locale: string): string {
  return discountOf(kind)?.off(params, figuresOf(currency, locale)) ?? "";
}

/**
 * For which goods and from which amount, in a language, as {@link describeDiscount}; empty without a condition. An
 * amount that the kind's own threshold covers is not told beside that.
 */
export function describeConditions(terms: Conditioned, language: Language, locale: string = language): string {
  const { currency } = terms;
  const { goods, categories, minimum } = Conditions.parse(terms.conditions);
  const say = conditionWords[language];
  const named = (what: string, list: readonly string[]) =>
    list.length > 0 ? `${what} ${listed(list, say.comma)}` : "";
  const only = joined([named(say.goods, goods.include), named(say.categories, categories.include)], say.or);
  const but = joined([named(say.goods, goods.exclude), named(say.categories, categories.exclude)], say.and);
  const from = minimum > ownThreshold(terms) ? say.from(figuresOf(currency, locale).money(minimum)) : "";
  return joined([only && say.only(only), but && say.but(but), from], say.semicolon);
}

type Priced = Pick<DiscountTerms, "kind" | "params"> & { readonly currency: string };
type Conditioned = Pick<DiscountTerms, "conditions"> &
  Partial<Pick<DiscountTerms, "kind" | "params">> & { readonly currency: string };

/** How somebody of a locale reads amounts of a currency, and shares. */
export function figuresOf(currency: string, locale: string): Figures {
  return {
    money: (amount) => moneyText({ amount, currency }, locale),
    shareText: (basisPoints) => shareText(basisPoints, locale),
  };
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

/** Nobody reads a thousand names; those who want to know follow the link. */
const mostNamed = 10;

function listed(names: readonly string[], comma: string): string {
  const more = names.length > mostNamed ? [`… (${names.length})`] : [];
  return [...names.slice(0, mostNamed), ...more].join(comma);
}

function joined(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== "").join(separator);
}
