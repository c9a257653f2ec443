import type { DiscountKind } from "../discount.ts";
import { cash } from "./cash.ts";
import { fullReduction } from "./full-reduction.ts";
import { instant } from "./instant.ts";
import { percent } from "./percent.ts";

/** Every kind of discount that a template may have. Adding one is a file and a line here. */
export const discountKinds: readonly DiscountKind[] = [fullReduction, percent, instant, cash];

const byKind = new Map(discountKinds.map((discount) => [discount.kind, discount]));

/** The kind of this name, if there is one. */
export function discountOf(kind: string): DiscountKind | undefined {
  return byKind.get(kind);
}
