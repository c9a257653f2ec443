import { sql } from "drizzle-orm";
import type { Context, MemberContext } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { refuseCoupon } from "../refusals.ts";
import type { CouponTemplate } from "../table.ts";
import { isEligible } from "../template/eligibility.ts";
import { isOver } from "../template/state.ts";
import { templatesById } from "../template/template.ts";
import { neverOpens } from "../template/window.ts";
import { templatesToShow } from "../wallet/template-cache.ts";
import { noticePolicies, policyFor } from "./policy.ts";

/** A member's wish to hear of a drop before it opens. Times are ms. */
export interface Reminder {
  /** What opens: of a recurring template, the occurrence. */
  readonly template: CouponTemplate;
  readonly opensAt: number;
  /** When the member is told. */
  readonly remindAt: number;
}

/**
 * Notes that the acting member wants to be told before a template opens; of a recurring one, before its next
 * occurrence. They are told once, on the first channel that reaches them. Asking again changes nothing. Refusals:
 * NOT_FOUND, ENDED, SOLD_OUT, NOT_ELIGIBLE, and WRONG_STATE with `OPEN` (claim it), `OPENING` (it opens sooner than
 * members are told) or `OFF` (the shop sends no such reminders).
 */
export async function remindMe(ctx: MemberContext, { template: id }: { template: number }) {
  const template = await upcoming(ctx, id);
  if (isRefusal(template)) return template;
  const { enabled, lead } = policyFor(await noticePolicies(ctx), "DROP", template);
  if (!enabled) return refuse.wrongState("The shop sends no reminders of this.", "OFF");
  const now = ctx.clock();
  const { opensAt } = template;
  if (opensAt === null || opensAt <= now) return refuse.wrongState("This is open; claim it now.", "OPEN");
  if (opensAt - lead <= now) {
    return refuse.wrongState(
      `This opens at ${new Date(opensAt).toISOString()}, too soon for a reminder; stay here.`,
      "OPENING",
    );
  }
  if (!(await isEligible(ctx, template))) return refuseCoupon.notEligible();
  await ctx.db.write([
    sql`
      INSERT INTO coupon_reminder (template, member, at) VALUES (${template.id}, ${ctx.actor.seq}, ${now})
      ON CONFLICT DO NOTHING`,
  ]);
  return { template, opensAt, remindAt: opensAt - lead };
}

/** What opens next under this id, or is open when nothing else is coming. */
async function upcoming(ctx: Context, id: number) {
  const [template] = await templatesToShow(ctx, [id]);
  if (!template || template.state === "DRAFT" || template.issueMode !== "SELF_CLAIM") {
    return refuse.notFound("coupon template", id);
  }
  if (template.recurrence === null) return unlessOver(template, ctx.clock());
  const next = await ctx.db.first<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE recurring_template = ${id} AND state = 'ACTIVE' AND occurs_at > ${ctx.clock()} ORDER BY occurs_at LIMIT 1`);
  const [occurrence] = next ? await templatesToShow(ctx, [next.id]) : [];
  return occurrence ? unlessOver(occurrence, ctx.clock()) : refuseCoupon.ended();
}

function unlessOver(template: CouponTemplate, now: number) {
  if (isOver(template, now) || neverOpens(template)) return refuseCoupon.ended();
  return template.state === "SOLD_OUT" ? refuseCoupon.soldOut() : template;
}

/**
 * Takes the acting member's wish back; of a recurring template, for every occurrence. Refusals: NOT_FOUND, and
 * WRONG_STATE with `SENT` when members have been told, or are being told.
 */
export async function cancelReminder(ctx: MemberContext, { template: id }: { template: number }) {
  const asked = await remindersUnder(ctx, id);
  if (asked.length === 0) return refuse.notFound("reminder of the coupon template", id);
  const waiting = asked.filter(({ remindAt }) => remindAt > ctx.clock());
  const [first] = waiting;
  if (!first) return refuse.wrongState("The reminder has been sent.", "SENT");
  await ctx.db.write([
    sql`DELETE FROM coupon_reminder WHERE member = ${ctx.actor.seq}
        AND template IN (SELECT value FROM ${rows(waiting.map(({ template }) => template.id))})`,
  ]);
  return first;
}

async function remindersUnder(ctx: MemberContext, id: number): Promise<Reminder[]> {
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT t.id FROM coupon_reminder r CROSS JOIN coupon_template t ON t.id = r.template
    WHERE r.member = ${ctx.actor.seq} AND (t.id = ${id} OR t.recurring_template = ${id}) ORDER BY t.opens_at`);
  const policies = await noticePolicies(ctx);
  const templates = await templatesById(
    ctx,
    found.map((row) => row.id),
  );
  return templates.flatMap((template) => {
    if (!template || template.opensAt === null) return [];
    const { lead } = policyFor(policies, "DROP", template);
    return [{ template, opensAt: template.opensAt, remindAt: template.opensAt - lead }];
  });
}
