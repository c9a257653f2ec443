import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { findPromotion, type Promotion, rewritePromotion } from "../../promotion/promotion.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { findCampaign } from "../draft/campaign.ts";
import { announceNow, type Promoted } from "./announce.ts";
import { begun, stopAnnouncements } from "./announcements.ts";
import { followPromotion } from "./follow.ts";
import { type AskedAnnouncement, endReview, isAsCounted, type PromotionReview, reviewOf } from "./review.ts";
import { changesSince, mayApprove } from "./review-version.ts";

export interface Decision {
  readonly id: number;
  readonly reason?: string | undefined;
}

type Review<What> = Extract<PromotionReview, { readonly what: What }>;

/**
 * Approves of what waits of a promotion, as it was read, and does it: enables and announces it, or changes what it
 * promises, which stops an announcement that is under way, for nobody is told what is not true any more. FORBIDDEN to
 * whoever asked for it or wrote any version of anything in it, whichever token they come with; CONFLICT, which says
 * what changed, where that is not its version any more; WRONG_STATE where nothing waits, or it has ended.
 */
export function approvePromotion(ctx: Context, input: Decision & { readonly version: string }) {
  return withTransaction(ctx, async (tx) => {
    const found = await waiting(tx, input.id);
    if (isRefusal(found)) return found;
    const { promotion, review } = found;
    if (!(await mayApprove(tx, promotion, review))) {
      return refuse.forbidden("It is approved by someone who neither asked for it nor wrote any of what it gives.");
    }
    const changes = await changesSince(tx, { promotion, review, read: input.version });
    if (changes) return refuse.conflict(`That is not what waits any more: ${changes}. Read it again.`);
    await tx.db.write([auditDeed(tx, subjectOf("promotion", input.id), "approved", sql`1`, input.reason ?? null)]);
    await endReview(tx, review, true);
    return review.what === "ENABLE" ? enableIt(tx, promotion, review) : changeIt(tx, promotion, review);
  });
}

async function waiting(tx: Context, id: number) {
  const promotion = await findPromotion(tx, id);
  if (!promotion) return refuse.notFound("promotion", id);
  const review = await reviewOf(tx, id);
  const state = promotion.enabled ? "ENABLED" : "DISABLED";
  return review
    ? { promotion, review }
    : refuse.wrongState("Nothing of this promotion waits for a second person.", state);
}

async function enableIt(tx: Context, { id, endsAt }: Promotion, { announcement }: Review<"ENABLE">) {
  if (endsAt !== null && endsAt <= tx.clock()) {
    return refuse.wrongState("This promotion has ended; move its end first.", "ENDED");
  }
  return launchApproved(tx, id, announcement);
}

/** The campaign is read again: it follows the promotion. */
async function launchApproved(tx: Context, id: number, announcement: AskedAnnouncement) {
  const campaign = await findCampaign(tx, announcement.campaign);
  if (campaign?.state !== "DRAFT") {
    return refuse.conflict("Its announcement is no draft any more: have it asked for again, which makes a new one.");
  }
  if (!(await isAsCounted(tx, campaign, announcement))) {
    return refuse.conflict("Its announcement is for others than were counted by then: have it asked for again.");
  }
  await tx.db.write([sql`UPDATE campaign SET approver = ${describeActor(tx.actor)} WHERE id = ${campaign.id}`]);
  return announceNow(tx, { id, campaign, frozen: announcement.frozen, reason: "the promotion was approved" });
}

/** Those who asked have written it, not who approves of it: who asked last writes it, the others with them. */
async function changeIt(tx: Context, before: Promotion, { changes, authors, announcement }: Review<"EDIT">) {
  const { id } = before;
  const subject = subjectOf("promotion", id);
  const [last, ...others] = authors.toReversed();
  await tx.db.write(others.map((actor) => revise({ ...tx, actor }, subject, Object.keys(changes))));
  const asked = { ...tx, actor: last ?? tx.actor };
  const promotion = await rewritePromotion(asked, { id, draft: changes });
  if (isRefusal(promotion)) return promotion;
  const stopped = await stopAnnouncements(tx, id, { reason: "what it promises was changed", which: begun(id) });
  if (isRefusal(stopped)) return stopped;
  const refused = await followPromotion(asked, { before, after: promotion });
  if (refused) return refused;
  if (!announcement) return { promotion, announcement: null, stopped } satisfies Promoted;
  const told = await launchApproved(tx, id, announcement);
  return isRefusal(told) ? told : { ...told, stopped: [...stopped, ...told.stopped] };
}

/** Does away with what waits of a promotion; that stays as it is. WRONG_STATE where nothing waits. */
export function rejectPromotion(ctx: Context, input: Decision) {
  return withTransaction(ctx, async (tx) => {
    const found = await waiting(tx, input.id);
    if (isRefusal(found)) return found;
    await endReview(tx, found.review);
    await tx.db.write([auditDeed(tx, subjectOf("promotion", input.id), "rejected", sql`1`, input.reason ?? null)]);
    return found.promotion;
  });
}
