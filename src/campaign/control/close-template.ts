import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { CouponTemplate } from "../../coupon/table.ts";
import { closeTemplate } from "../../coupon/template/lifecycle.ts";
import { isRefusal } from "../../errors.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { describeStopped, type StopChoice, type Stopped, stopCampaigns } from "./stop.ts";

/** A template that gives nothing more, and how far the invites to its coupons had come. */
export interface ClosedTemplate {
  readonly template: CouponTemplate;
  readonly stopped: readonly Stopped[];
}

interface CloseInput {
  readonly id: number;
  readonly to: "end" | "withdraw";
  /** Of a template that is withdrawn: its unused coupons, too. */
  readonly takeBack?: boolean | undefined;
  /** STOP unless said. */
  readonly invites?: StopChoice | undefined;
  readonly reason?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Ends or withdraws a template, as `endTemplate` and `withdrawTemplate` do, and stops the campaigns that invite members
 * to its coupons, or to those of its occurrences: from the commit on nobody more is told of what is not there. Its
 * history says how many were told.
 */
export async function closeOffer(ctx: Context, { invites = "STOP", ...input }: CloseInput) {
  const { id, to, reason = `its coupon template was ${to === "end" ? "ended" : "withdrawn"}` } = input;
  const closed = await closeTemplate(ctx, input, {
    says: { invites },
    work: (tx) => (invites === "STOP" ? stopInvites(tx, id, reason) : none()),
  });
  if (isRefusal(closed)) return closed;
  const { template, done } = closed;
  return { template, stopped: done } satisfies ClosedTemplate;
}

async function none(): Promise<Stopped[]> {
  return [];
}

async function stopInvites(tx: Context, template: number, reason: string) {
  const offered = sql`c.kind = 'COUPON_INVITE' AND c.coupon_template IN (
    SELECT id FROM coupon_template WHERE id = ${template} OR recurring_template = ${template})`;
  const stopped = await stopCampaigns(tx, offered, reason);
  if (isRefusal(stopped)) return stopped;
  const subject = subjectOf("coupon-template", template);
  await tx.db.write(stopped.map((each) => auditDeed(tx, subject, describeStopped(each), sql`1`, reason)));
  return stopped;
}
