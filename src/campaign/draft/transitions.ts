import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { auditTransition } from "../../transition/audit.ts";
import { allows, type Transitions } from "../../transition/transition.ts";
import type { CampaignState } from "../state.ts";

/** Which campaign states a move may start from. */
export const transitions = {
  submit: { from: ["DRAFT"], to: "IN_REVIEW" },
  /** What was approved or launched was edited, and is read again. */
  review: { from: ["APPROVED", "ACTIVE", "PAUSED"], to: "IN_REVIEW" },
  approve: { from: ["IN_REVIEW"], to: "APPROVED" },
  reject: { from: ["IN_REVIEW", "APPROVED"], to: "DRAFT" },
  returnToDraft: { from: ["IN_REVIEW", "APPROVED", "ACTIVE", "PAUSED"], to: "DRAFT" },
  launch: { from: ["DRAFT", "APPROVED"], to: "ACTIVE" },
  pause: { from: ["ACTIVE"], to: "PAUSED" },
  resume: { from: ["PAUSED"], to: "ACTIVE" },
  cancel: { from: ["DRAFT", "IN_REVIEW", "APPROVED", "ACTIVE", "PAUSED"], to: "CANCELLED" },
} as const satisfies Transitions<CampaignState>;
export type Move = keyof typeof transitions;

/**
 * The statements of one move: the log of who moved it and why, then the conditional update. The update is the last one;
 * when its `rowsAffected` is 0 the campaign was in none of the states that the move may start from.
 */
export function moveCampaign(
  ctx: Context,
  move: Move,
  id: number,
  reason: string | undefined,
  also: SQL = sql``,
): Query[] {
  const { to } = transitions[move];
  const movable = sql`id = ${id} AND ${allows<CampaignState>(transitions[move])}`;
  return [
    auditTransition(ctx, { noun: "campaign", table: sql`campaign`, where: movable, to, reason }),
    sql`UPDATE campaign SET state = ${to}, updated_at = ${ctx.clock()} ${also} WHERE ${movable}`,
  ];
}
