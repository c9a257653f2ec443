import { z } from "zod";
import { globalId } from "../../ids.ts";

/** A reward by its kind and terms. */
export interface Gift {
  readonly kind: string;
  readonly terms: unknown;
}

const Coupon = z.object({ template: z.int() });
const Points = z.object({ points: z.int() });

/** Of which template a reward gives a coupon, as an id; null where it gives something else. */
export function couponTemplateIdOf({ kind, terms }: Gift): string | null {
  const parsed = kind === "COUPON" ? Coupon.safeParse(terms) : undefined;
  return parsed?.success ? globalId("CouponTemplate", parsed.data.template) : null;
}

/** How many points a reward gives; null where it gives something else. */
export function pointsOf({ kind, terms }: Gift): number | null {
  const parsed = kind === "POINTS" ? Points.safeParse(terms) : undefined;
  return parsed?.success ? parsed.data.points : null;
}
