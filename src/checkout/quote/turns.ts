import { allocate } from "../../discount/allocation.ts";
import type { DiscountRule } from "../../discount/discount.ts";
import { byTurn, type Stackable } from "../../discount/stacking.ts";

/** What takes something off a cart at its turn: a coupon, or a promotion. Money is minor units. */
export interface TakesOff extends Stackable {
  readonly rule: DiscountRule;
  /** Places of the lines that count. */
  readonly places: readonly number[];
  /** What they cost when thresholds are held against it. */
  readonly amount: number;
  /** What one may take off at most; null where nothing but the cart bounds it. */
  readonly maxDiscount: number | null;
}

/** What several take off together, each at its turn. */
export interface Taken<Each> {
  readonly total: number;
  readonly parts: readonly { readonly of: Each; readonly discount: number; readonly lines: number[] }[];
  /** What is left of each line. */
  readonly left: readonly number[];
}

/** Applies them in their turn; each takes from what those before it have left of its lines. */
export function takeTurns<Each extends TakesOff>(list: readonly Each[], left: readonly number[]): Taken<Each> {
  const parts: Taken<Each>["parts"][number][] = [];
  let rest = left;
  for (const each of [...list].sort(byTurn)) {
    const lines = partsOf(each, rest);
    rest = rest.map((amount, i) => amount - (lines[i] ?? 0));
    parts.push({ of: each, discount: sum(lines), lines });
  }
  return { total: sum(parts.map(({ discount }) => discount)), parts, left: rest };
}

/** What one takes off each line: its discount split over those that count in proportion to what is left of them. */
export function partsOf(one: TakesOff, left: readonly number[]): number[] {
  const parts = allocate(
    takesOff(one, left),
    one.places.map((place) => left[place] ?? 0),
  );
  const lines = left.map(() => 0);
  for (const [n, place] of one.places.entries()) lines[place] = parts[n] ?? 0;
  return lines;
}

/** What one takes off what is left of the lines that count, rounded down. */
export function takesOff(
  { rule, places, amount, maxDiscount }: Omit<TakesOff, "id" | "stacking">,
  left: readonly number[],
) {
  const discount = rule({ amount, left: leftAt(left, places) });
  return maxDiscount === null ? discount : Math.min(discount, maxDiscount);
}

/** What is left at these places. */
export function leftAt(left: readonly number[], places: readonly number[]): number {
  return places.reduce((total, place) => total + (left[place] ?? 0), 0);
}

/** What lines bear, by their ids. */
export function sharesOf(lines: readonly { readonly id: string }[], parts: readonly number[]) {
  return lines.map(({ id }, i) => ({ line: id, discount: parts[i] ?? 0 })).filter(({ discount }) => discount > 0);
}

export function sum(list: readonly number[]): number {
  return list.reduce((total, each) => total + each, 0);
}
