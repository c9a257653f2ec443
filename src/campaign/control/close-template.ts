import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { CouponTemplate } from "../../coupon/table.ts";
import { closeTemplate } from "../../coupon/template/lifecycle.ts";
import { isRefusal } from "../../errors.ts";
import { subjectOf } from "../../transition/audit.ts";
import { noteStopped, type StopChoice, type Stopped, stopCampaigns, toldToActor } from "./stop.ts";

/** A template that gives nothing more, and how far those had come that told of its coupons. */
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
 * to its coupons, or to those of its occurrences, and those that announce promotions which give them: from the commit
 * on nobody more is told of what is not there. Its history says how many were told, and that of the promotion.
 */
export async function closeOffer(ctx: Context, { invites = "STOP", ...input }: CloseInput) {
  const { id, to, reason = `its coupon template was ${to === "end" ? "ended" : "withdrawn"}` } = input;
  const closed = await closeTemplate(ctx, input, {
    says: { invites },
    work: (tx) => (invites === "STOP" ? stopTelling(tx, id, reason) : none()),
  });
  if (isRefusal(closed)) return closed;
  const { template, done } = closed;
  return { template, stopped: done } satisfies ClosedTemplate;
}

async function none(): Promise<Stopped[]> {
  return [];
}

async function stopTelling(tx: Context, template: number, reason: string) {
  const closed = sql`(SELECT id FROM coupon_template WHERE id = ${template} OR recurring_template = ${template})`;
  const invited = sql`c.kind = 'COUPON_INVITE' AND c.coupon_template IN ${closed}`;
  const promised = sql`c.promotion IN (
    SELECT p.id FROM promotion p, json_each(p.tiers) t
    WHERE p.kind = 'COUPON' AND t.value ->> 'couponTemplate' IN ${closed})`;
  const stopped = await stopCampaigns(tx, sql`${invited} OR ${promised}`, reason);
  if (isRefusal(stopped)) return stopped;
  const ofTemplate = { subject: subjectOf("coupon-template", template), shop: shopIn(sql`coupon_template`, template) };
  const told = stopped.flatMap((each) => {
    const { promotion: id } = each.campaign;
    const ofPromotion = id === null ? [] : [{ subject: subjectOf("promotion", id), shop: shopIn(sql`promotion`, id) }];
    return [ofTemplate, ...ofPromotion].map((of) => noteStopped(tx, of, reason)(each));
  });
  await tx.db.write(told);
  return toldToActor(tx, stopped);
}

/** The shop of a row. */
function shopIn(table: SQL, id: number): SQL {
  return sql`(SELECT shop FROM ${table} WHERE id = ${id})`;
}
