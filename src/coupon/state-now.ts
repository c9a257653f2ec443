import { type SQL, sql } from "drizzle-orm";
import type { Coupon, CouponState } from "./table.ts";

/**
 * The state as everyone sees it at a moment (ms), whether or not a sweep has written it down since: an unused coupon is
 * EXPIRED from its end on, and one whose lock has run out is free.
 */
export function stateNow(
  { state, validTo, lockedUntil }: Pick<Coupon, "state" | "validTo" | "lockedUntil">,
  now: number,
): CouponState {
  const isFree = state === "AVAILABLE" || (state === "LOCKED" && lockedUntil !== null && lockedUntil <= now);
  if (!isFree) return state;
  return validTo !== null && validTo <= now ? "EXPIRED" : "AVAILABLE";
}

/** Whether a row of `coupon` is in this state by {@link stateNow}; never NULL. */
export function isNow(state: CouponState, now: number): SQL {
  const lockIsOver = sql`coalesce(locked_until <= ${now}, 0)`;
  const isFree = sql`(state = 'AVAILABLE' OR (state = 'LOCKED' AND ${lockIsOver}))`;
  const isPast = sql`coalesce(valid_to <= ${now}, 0)`;
  switch (state) {
    case "AVAILABLE":
      return sql`(${isFree} AND NOT ${isPast})`;
    case "EXPIRED":
      return sql`(state = 'EXPIRED' OR (${isFree} AND ${isPast}))`;
    case "LOCKED":
      return sql`(state = 'LOCKED' AND NOT ${lockIsOver})`;
    default:
      return sql`(state = ${state})`;
  }
}
