import { z } from "zod";
import { plainText } from "../value/plain-text.ts";

const Group = z.strictObject({
  group: plainText(50).describe("Of one group at most one is used on a cart."),
  order: z.int().min(-1_000_000).max(1_000_000).default(0).describe("Those with a lower one are applied earlier."),
});

/** With which others something may be used: with none, or with those of other groups. */
export const Stacking = z.union([z.strictObject({ exclusive: z.literal(true) }), Group]);
export type Stacking = z.infer<typeof Stacking>;

/** A coupon or a promotion as its place among others is decided. */
export interface Stackable {
  readonly id: number;
  /** Null: beside all others that are not exclusive. Only promotions may. */
  readonly stacking: Stacking | null;
  /** Whether it is used like money. */
  readonly isMoney?: boolean;
}

/** Whether it goes with no other. */
export function isExclusive({ stacking }: Pick<Stackable, "stacking">): boolean {
  return stacking !== null && "exclusive" in stacking;
}

/** The group of which one is used at most, if it is of one. */
export function groupOf({ stacking }: Pick<Stackable, "stacking">): string | undefined {
  return stacking !== null && "group" in stacking ? stacking.group : undefined;
}

/**
 * Whether these may be used together: one alone may always; of several, none is exclusive and no two are of one group.
 */
export function isLegal(list: readonly Stackable[]): boolean {
  if (list.length <= 1) return true;
  const groups = list.map(groupOf).filter((group) => group !== undefined);
  return !list.some(isExclusive) && new Set(groups).size === groups.length;
}

/** Why one cannot join those chosen: one of the two is exclusive, or its group is taken; undefined when it can. */
export function conflictOf(one: Stackable, chosen: readonly Stackable[]): "EXCLUSIVE" | "SAME_GROUP" | undefined {
  if (chosen.length === 0) return undefined;
  if ([one, ...chosen].some(isExclusive)) return "EXCLUSIVE";
  return isLegal([one, ...chosen]) ? undefined : "SAME_GROUP";
}

/** Sorts them as they are applied: what is used like money last, then by order, group and id. */
export function byTurn(a: Stackable, b: Stackable): number {
  const [late, later] = [Number(a.isMoney ?? false), Number(b.isMoney ?? false)];
  return late - later || orderOf(a) - orderOf(b) || compare(groupOf(a), groupOf(b)) || a.id - b.id;
}

/** Its turn within its kind: lower ones come earlier. */
export function orderOf({ stacking }: Pick<Stackable, "stacking">): number {
  return stacking !== null && "group" in stacking ? stacking.order : 0;
}

const compare = (a = "", b = "") => (a < b ? -1 : a > b ? 1 : 0);
