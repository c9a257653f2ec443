import { sql } from "drizzle-orm";
import type { MemberContext } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { CouponTemplate } from "../table.ts";
import { isSoldOut } from "../template/state.ts";
import { eligibleTo } from "./claimable-eligibility.ts";
import { openTemplates } from "./template-cache.ts";

/** What a member can do with an offer now. */
export const claimableStates = ["CLAIMABLE", "NOT_STARTED", "LIMIT_REACHED", "SOLD_OUT"] as const;
export type ClaimableState = (typeof claimableStates)[number];

/** A template that members claim themselves, as one member sees it. */
export interface ClaimableCoupon {
  readonly template: CouponTemplate;
  readonly state: ClaimableState;
  /** Coupons of it that the member has or had: what counts against the limit. */
  readonly held: number;
  /** Whether the member asked to be reminded before it opens. */
  readonly isReminded: boolean;
}

/**
 * What the acting member may claim now, and within a week: what closes soonest first, then what opens next; of what
 * recurs, the occurrence that is open and the next one. Left out is what is for others. At most 200; what is the same
 * for all is at most a second old.
 */
export async function claimableCoupons(ctx: MemberContext): Promise<ClaimableCoupon[]> {
  const templates = await openTemplates(ctx);
  if (templates.length === 0) return [];
  const ids = templates.map(({ id }) => id);
  const [eligible, held, reminders] = await Promise.all([
    eligibleTo(ctx, templates),
    heldOf(ctx, ids),
    remindersOf(ctx, ids),
  ]);
  const now = ctx.clock();
  return templates
    .filter(({ id }) => eligible.has(id))
    .map((template) => {
      const has = held.get(template.id) ?? 0;
      const isReminded = reminders.has(template.id);
      return { template, state: claimableState(template, has, now), held: has, isReminded };
    });
}

/** A limit that is reached stays so, whatever the time and the stock; what has not opened can still be had by all. */
export function claimableState(template: CouponTemplate, held: number, now: number): ClaimableState {
  if (held >= template.perMember) return "LIMIT_REACHED";
  if (template.opensAt !== null && now < template.opensAt) return "NOT_STARTED";
  return isSoldOut(template) ? "SOLD_OUT" : "CLAIMABLE";
}

async function heldOf(
  { db, actor }: MemberContext,
  templates: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await db.all<{ template: number; n: number }>(sql`
    SELECT template, count(*) AS n FROM coupon
    WHERE member = ${actor.seq} AND template IN (SELECT value FROM ${rows(templates)}) GROUP BY template`);
  return new Map(found.map(({ template, n }) => [template, n]));
}

async function remindersOf({ db, actor }: MemberContext, templates: readonly number[]): Promise<ReadonlySet<number>> {
  const found = await db.all<{ template: number }>(sql`
    SELECT template FROM coupon_reminder
    WHERE member = ${actor.seq} AND template IN (SELECT value FROM ${rows(templates)})`);
  return new Set(found.map(({ template }) => template));
}
