import { byTurn, conflictOf } from "../../discount/stacking.ts";
import type { UsableCoupon } from "./coupons.ts";
import { partsOf, takeTurns } from "./turns.ts";

/** Combinations looked at in one search at most: fewer for long carts, so that none takes longer than some 20 ms. */
export function searchBound(lines: number): number {
  return Math.max(1_000, Math.min(20_000, Math.floor(200_000 / lines)));
}

export interface Best {
  readonly coupons: readonly UsableCoupon[];
  readonly total: number;
  /** Whether every combination was looked at or ruled out. */
  readonly isComplete: boolean;
}

/**
 * The legal combination that takes most off; of equal ones that with fewer coupons, then that whose coupons expire
 * first, then that with the lower ids. Branch and bound: a coupon is taken or not, in its turn, and a branch is left
 * when even what each free group could take off alone does not make it better. After `bound` combinations the best so
 * far is answered.
 */
export function bestCombination(
  coupons: readonly UsableCoupon[],
  left: readonly number[],
  bound: number = searchBound(left.length),
): Best {
  const candidates = onePerTemplate(coupons);
  const found = startingPoint(candidates, left);
  const stackable = candidates.filter(({ stacking }) => !("exclusive" in stacking)).sort(byTurn);
  const all = left.reduce((sum, each) => sum + each, 0);
  const search = { stackable, ceilings: ceilingsOf(stackable), bound, all, looked: 0, best: found };
  descend(search, { place: 0, chosen: [], groups: new Set(), left, total: 0 });
  return { ...search.best, isComplete: search.looked <= bound };
}

interface Combination {
  readonly coupons: readonly UsableCoupon[];
  readonly total: number;
}

interface Search {
  readonly stackable: readonly UsableCoupon[];
  /** For each place what each group can still take off from there on. */
  readonly ceilings: readonly ReadonlyMap<string, number>[];
  readonly bound: number;
  /** What there is to take off. */
  readonly all: number;
  looked: number;
  best: Combination;
}

interface Branch {
  readonly place: number;
  readonly chosen: readonly UsableCoupon[];
  readonly groups: ReadonlySet<string>;
  readonly left: readonly number[];
  readonly total: number;
}

function descend(search: Search, branch: Branch): void {
  if (++search.looked > search.bound) return;
  const here = { coupons: branch.chosen, total: branch.total };
  if (compare(here, search.best) < 0) search.best = here;
  const coupon = search.stackable[branch.place];
  if (coupon === undefined || !isPromising(search, branch)) return;
  const group = groupOf(coupon);
  const place = branch.place + 1;
  if (!branch.groups.has(group)) {
    const parts = partsOf(coupon, branch.left);
    descend(search, {
      place,
      chosen: [...branch.chosen, coupon],
      groups: new Set(branch.groups).add(group),
      left: branch.left.map((each, i) => each - (parts[i] ?? 0)),
      total: branch.total + parts.reduce((total, part) => total + part, 0),
    });
  }
  descend(search, { ...branch, place });
}

/** Whether something after this could be better than the best: take more off, or as much with no more coupons. */
function isPromising({ ceilings, best, all }: Search, { place, groups, total, chosen }: Branch): boolean {
  let more = 0;
  for (const [group, ceiling] of ceilings[place] ?? []) if (!groups.has(group)) more += ceiling;
  const ceiling = Math.min(total + more, all);
  return ceiling > best.total || (ceiling === best.total && chosen.length < best.coupons.length);
}

function ceilingsOf(stackable: readonly UsableCoupon[]): ReadonlyMap<string, number>[] {
  const ceilings: Map<string, number>[] = [new Map()];
  for (const coupon of [...stackable].reverse()) {
    const after = ceilings[0] ?? new Map();
    const group = groupOf(coupon);
    ceilings.unshift(new Map(after).set(group, Math.max(after.get(group) ?? 0, coupon.alone)));
  }
  return ceilings;
}

/** The better of the best coupon alone and what is got by taking the largest that still fits, again and again. */
function startingPoint(candidates: readonly UsableCoupon[], left: readonly number[]): Combination {
  const bySize = [...candidates].sort((a, b) => b.alone - a.alone || earlier(a, b));
  const greedy: UsableCoupon[] = [];
  for (const coupon of bySize) if (conflictOf(coupon, greedy) === undefined) greedy.push(coupon);
  const singles = candidates.map((coupon) => ({ coupons: [coupon], total: coupon.alone }));
  const none: Combination = { coupons: [], total: 0 };
  return [...singles, { coupons: greedy, total: takeTurns(greedy, left).total }].reduce(
    (best, each) => (compare(each, best) < 0 ? each : best),
    none,
  );
}

/** Of one template's coupons, which promise the same, the one to be used first. */
function onePerTemplate(coupons: readonly UsableCoupon[]): UsableCoupon[] {
  const first = new Map<number, UsableCoupon>();
  for (const coupon of coupons) {
    const known = first.get(coupon.template);
    if (!known || earlier(coupon, known) < 0) first.set(coupon.template, coupon);
  }
  return [...first.values()];
}

/** Which combination is better (negative: the first); 0 only for the same one. */
export function compare(a: Combination, b: Combination): number {
  if (a.total !== b.total) return b.total - a.total;
  if (a.coupons.length !== b.coupons.length) return a.coupons.length - b.coupons.length;
  const [inA, inB] = [[...a.coupons].sort(earlier), [...b.coupons].sort(earlier)];
  const ends = (list: readonly UsableCoupon[]) => list.map(({ validTo }) => validTo ?? Number.MAX_SAFE_INTEGER);
  return lexical(ends(inA), ends(inB)) || lexical(idsOf(inA), idsOf(inB));
}

function lexical(a: readonly number[], b: readonly number[]): number {
  for (const [i, each] of a.entries()) if (each !== b[i]) return each - (b[i] ?? 0);
  return 0;
}

const idsOf = (coupons: readonly UsableCoupon[]) => coupons.map(({ id }) => id).sort((a, b) => a - b);

function earlier(a: UsableCoupon, b: UsableCoupon): number {
  return (a.validTo ?? Number.MAX_SAFE_INTEGER) - (b.validTo ?? Number.MAX_SAFE_INTEGER) || a.id - b.id;
}

function groupOf({ stacking }: UsableCoupon): string {
  return "exclusive" in stacking ? "" : stacking.group;
}
