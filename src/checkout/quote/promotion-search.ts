import { groupOf, isExclusive } from "../../discount/stacking.ts";
import { searchBound } from "./search.ts";
import { sum, type TakesOff, takeTurns } from "./turns.ts";

/** A promotion that takes something off a cart when it acts alone. */
export interface UsablePromotion<Promotion> extends TakesOff {
  readonly promotion: Promotion;
  /** What it takes off alone: beside others, never more. */
  readonly alone: number;
}

interface Combination<Each> {
  readonly promotions: readonly Each[];
  readonly total: number;
}

/**
 * The promotions that act together: all that are of no group, and one of each group; or one that is exclusive, alone,
 * where that takes more off. Of each group it is the one with which most is taken off in all; of equal ones the one
 * that takes most off alone, then the one with the lower id, group by group in the order of their names. Branch and
 * bound: a branch is left when even what each would take off alone does not make it better. After `bound` combinations
 * the best so far is answered.
 */
export function bestTogether<Promotion, Each extends UsablePromotion<Promotion>>(
  usable: readonly Each[],
  left: readonly number[],
  bound: number = looksWorth(usable, left),
): Combination<Each> & { readonly isComplete: boolean } {
  const [alone] = usable.filter(isExclusive).sort(byWorth);
  const others = usable.filter((one) => !isExclusive(one));
  const search: Search<Each> = { ...byGroup(others), left, all: sum(left), bound, looked: 0, best: undefined };
  descend(search, 0, [], sum([...search.free, ...search.groups.flatMap(([first]) => first ?? [])].map(worth)));
  const together = search.best ?? { promotions: [], total: 0 };
  const best = alone && alone.alone > together.total ? { promotions: [alone], total: alone.alone } : together;
  return { ...best, isComplete: search.looked <= bound };
}

/** Combinations looked at at most: a look at one takes as long as so many of its parts, each over all lines. */
function looksWorth(usable: readonly UsablePromotion<unknown>[], left: readonly number[]): number {
  const groups = new Set(usable.map((one) => groupOf(one) ?? one));
  return Math.ceil(searchBound(left.length) / Math.max(1, groups.size));
}

interface Search<Each> {
  /** Those that act in any case. */
  readonly free: readonly Each[];
  /** Of each of these one acts; what takes most off alone first. */
  readonly groups: readonly (readonly Each[])[];
  readonly left: readonly number[];
  /** What there is to take off. */
  readonly all: number;
  readonly bound: number;
  looked: number;
  best: Combination<Each> | undefined;
}

/** `ceiling` is what those chosen, those that act in any case and the best of the groups to come take off alone. */
function descend<Each extends UsablePromotion<unknown>>(
  search: Search<Each>,
  place: number,
  chosen: readonly Each[],
  ceiling: number,
): void {
  const { free, groups, left, all, bound, best } = search;
  if (search.looked > bound || (best && Math.min(ceiling, all) <= best.total)) return;
  const group = groups[place];
  if (group) {
    const most = group[0]?.alone ?? 0;
    for (const each of group) descend(search, place + 1, [...chosen, each], ceiling - most + each.alone);
    return;
  }
  if (++search.looked > bound) return;
  const promotions = [...free, ...chosen];
  const { total } = takeTurns(promotions, left);
  if (!best || total > best.total) search.best = { promotions, total };
}

function byGroup<Each extends UsablePromotion<unknown>>(promotions: readonly Each[]) {
  const groups = new Map<string, Each[]>();
  for (const one of promotions) {
    const group = groupOf(one);
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group.sort(byWorth));
  return { free: promotions.filter((one) => groupOf(one) === undefined), groups: inOrder };
}

const worth = ({ alone }: UsablePromotion<unknown>) => alone;

function byWorth(a: UsablePromotion<unknown>, b: UsablePromotion<unknown>): number {
  return b.alone - a.alone || a.id - b.id;
}
