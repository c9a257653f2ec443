import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { auditTransition } from "../../transition/audit.ts";
import { allows, type Transitions } from "../../transition/transition.ts";
import type { CouponTemplate, TemplateState } from "../table.ts";

/** What can become of a template, and in which states. */
export const transitions = {
  activate: { from: ["DRAFT"], to: "ACTIVE" },
  /** Nothing is left of its stock or budget. */
  sellOut: { from: ["ACTIVE"], to: "SOLD_OUT" },
  /** There is room again. */
  revive: { from: ["SOLD_OUT"], to: "ACTIVE" },
  end: { from: ["ACTIVE", "SOLD_OUT"], to: "ENDED" },
  /** A draft is thrown away by it. */
  withdraw: { from: ["DRAFT", "ACTIVE", "SOLD_OUT"], to: "WITHDRAWN" },
} as const satisfies Transitions<TemplateState>;
export type TransitionName = keyof typeof transitions;

/** Whether claims can be open: the states in which what was promised must hold. */
export function isLive(state: TemplateState): boolean {
  return state === "ACTIVE" || state === "SOLD_OUT";
}

/**
 * Whether nothing more of a template is given, whatever is left: it was ended, its window is past, or its coupons would
 * have expired.
 */
export function isOver(
  { state, closesAt, validTo }: Pick<CouponTemplate, "state" | "closesAt" | "validTo">,
  now: number,
): boolean {
  const isPast = (end: number | null) => end !== null && end <= now;
  return state === "ENDED" || state === "WITHDRAWN" || isPast(closesAt) || isPast(validTo);
}

/** The template as it is at a moment (ms): a live one is ENDED once it is over, whether it was swept yet or not. */
export function asOf(template: CouponTemplate, now: number): CouponTemplate {
  return isLive(template.state) && isOver(template, now) ? { ...template, state: "ENDED" } : template;
}

/** Whether a row of `coupon_template` is in this state by {@link asOf}; never NULL. */
export function isInState(state: TemplateState, now: number): SQL {
  const isPast = sql`(coalesce(closes_at <= ${now}, 0) OR coalesce(valid_to <= ${now}, 0))`;
  if (state === "ENDED") return sql`(state = 'ENDED' OR (state IN ('ACTIVE', 'SOLD_OUT') AND ${isPast}))`;
  return isLive(state) ? sql`(state = ${state} AND NOT ${isPast})` : sql`(state = ${state})`;
}

/** The row is in a state from which a transition is possible. */
export function mayTake(transition: TransitionName): SQL {
  return allows<TemplateState>(transitions[transition]);
}

/** The row has no room for one more coupon, in its stock or its budget. */
export const nothingLeft: SQL = sql`(
  (stock IS NOT NULL AND issued >= stock) OR (budget IS NOT NULL AND reserved + spent + max_discount > budget))`;

/**
 * The same of a row that was read; or it is SOLD_OUT, as it stays until the sweep has seen that there is room again.
 */
export function isSoldOut({ state, stock, issued, budget, reserved, spent, maxDiscount }: CouponTemplate): boolean {
  const isSpent = budget !== null && reserved + spent + (maxDiscount ?? 0) > budget;
  return state === "SOLD_OUT" || isSpent || (stock !== null && issued >= stock);
}

/**
 * The statements of one transition of all templates that `where` selects: the log of who did it and why, then the
 * update, which is the last one and changes those that are in a state from which it is possible.
 */
export function transitionTemplates(
  ctx: Context,
  transition: TransitionName,
  where: SQL,
  reason?: string | undefined,
): Query[] {
  const { to } = transitions[transition];
  const which = sql`${mayTake(transition)} AND (${where})`;
  return [
    auditTransition(ctx, { noun: "coupon-template", table: sql`coupon_template`, where: which, to, reason }),
    sql`UPDATE coupon_template SET state = ${to}, updated_at = ${ctx.clock()} WHERE ${which}`,
  ];
}
