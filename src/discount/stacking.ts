import { z } from "zod";
import { plainText } from "../value/plain-text.ts";

const Group = z.strictObject({
  group: plainText(50).describe("Of one group at most one coupon is used on a cart."),
  order: z.int().min(-1_000_000).max(1_000_000).default(0).describe("Coupons with a lower one are applied earlier."),
});

/** With which others a template's coupons may be used: with none, or with those of other groups. */
export const Stacking = z.union([z.strictObject({ exclusive: z.literal(true) }), Group]);
export type Stacking = z.infer<typeof Stacking>;

/** A coupon as its place among others is decided. */
export interface Stackable {
  readonly id: number;
  readonly stacking: Stacking;
  readonly isMoney: boolean;
}

/**
 * Whether coupons may be used together: one alone may always; of several, none is exclusive and no two are of one
 * group.
 */
export function isLegal(coupons: readonly Stackable[]): boolean {
  if (coupons.length <= 1) return true;
  const groups = coupons.map(({ stacking }) => ("exclusive" in stacking ? undefined : stacking.group));
  return !groups.includes(undefined) && new Set(groups).size === groups.length;
}

/** Why a coupon cannot join those chosen: one of the two is exclusive, or its group is taken; undefined when it can. */
export function conflictOf(coupon: Stackable, chosen: readonly Stackable[]): "EXCLUSIVE" | "SAME_GROUP" | undefined {
  if (chosen.length === 0) return undefined;
  if ([coupon, ...chosen].some(({ stacking }) => "exclusive" in stacking)) return "EXCLUSIVE";
  return isLegal([coupon, ...chosen]) ? undefined : "SAME_GROUP";
}

/** Sorts coupons as they are applied: what is used like money last, then by order, group and id. */
export function byTurn(a: Stackable, b: Stackable): number {
  return (
    Number(a.isMoney) - Number(b.isMoney) || orderOf(a) - orderOf(b) || compare(groupOf(a), groupOf(b)) || a.id - b.id
  );
}

const orderOf = ({ stacking }: Stackable) => ("exclusive" in stacking ? 0 : stacking.order);
const groupOf = ({ stacking }: Stackable) => ("exclusive" in stacking ? "" : stacking.group);
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
