import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
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
} as const satisfies Record<string, { from: readonly TemplateState[]; to: TemplateState }>;
export type TransitionName = keyof typeof transitions;

/** The state that a transition leads to; undefined where it is not possible. */
export function stateAfter(state: TemplateState, transition: TransitionName): TemplateState | undefined {
  const { from, to } = transitions[transition];
  return from.some((each) => each === state) ? to : undefined;
}

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

/** The row is in a state from which a transition is possible. */
export function allows(transition: TransitionName): SQL {
  const names = transitions[transition].from.map((state) => sql`${state}`);
  return sql`state IN (${sql.join(names, sql`, `)})`;
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
  const which = sql`${allows(transition)} AND (${where})`;
  return [
    sql`
      INSERT INTO coupon_transition (template, from_state, to_state, actor, reason, at)
      SELECT id, state, ${to}, ${describeActor(ctx.actor)}, ${reason ?? null}, ${ctx.clock()}
      FROM coupon_template WHERE ${which}`,
    sql`UPDATE coupon_template SET state = ${to}, updated_at = ${ctx.clock()} WHERE ${which}`,
  ];
}

/** One transition of a template, as it was logged. */
export interface TemplateTransition {
  readonly id: number;
  readonly from_state: TemplateState;
  readonly to_state: TemplateState;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: number;
}

/** What became of a template, newest first, at most 200. */
export function templateTransitions(ctx: Context, template: number): Promise<TemplateTransition[]> {
  return ctx.db.all<TemplateTransition>(sql`
    SELECT id, from_state, to_state, actor, reason, at
    FROM coupon_transition WHERE template = ${template} ORDER BY id DESC LIMIT 200`);
}
