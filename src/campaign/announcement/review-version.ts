import type { Context } from "../../context.ts";
import type { AudienceChoice } from "../../member/audience-choice.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { subjectOf } from "../../transition/audit.ts";
import { revisionsAfter, versionsOf, wroteAny } from "../../transition/revision.ts";
import { askedFor, askers, type PromotionReview } from "./review.ts";
import { audienceOf } from "./whom.ts";

/*
 * The version of what waits is what somebody read who approves it: what is asked for, and the versions of the
 * promotion, of its announcement, of the segment that it is for and of the coupon templates that it gives or would
 * give. To callers it is one opaque text.
 */

interface Subject {
  readonly subject: string;
  /** What it is, in words. */
  readonly name: string;
}

/** All that is approved together: whoever wrote any of it does not approve it. */
function subjectsOf(promotion: Promotion, review: PromotionReview): Subject[] {
  const changes = review.what === "EDIT" ? review.changes : {};
  const segments = [promotion.audience, audienceOf(changes)].flatMap(segmentIn);
  const templates = [promotion, changes.rule].flatMap(templatesIn);
  const each = (noun: string, name: string, ids: readonly number[]) =>
    [...new Set(ids)].sort((a, b) => a - b).map((id) => ({ subject: subjectOf(noun, id), name }));
  return [
    ...each("promotion", "the promotion", [promotion.id]),
    ...each("campaign", "its announcement", review.announcement ? [review.announcement.campaign] : []),
    ...each("segment", "its segment", segments),
    ...each("coupon-template", "a coupon template", templates),
  ];
}

function segmentIn(audience: AudienceChoice): number[] {
  return "segment" in audience ? [audience.segment] : [];
}

function templatesIn(rule: { readonly tiers: readonly unknown[] } | undefined): number[] {
  return (rule?.tiers ?? []).flatMap((tier) =>
    typeof tier === "object" && tier && "couponTemplate" in tier && typeof tier.couponTemplate === "number"
      ? [tier.couponTemplate]
      : [],
  );
}

export async function reviewVersion(ctx: Context, promotion: Promotion, review: PromotionReview): Promise<string> {
  const subjects = subjectsOf(promotion, review).map(({ subject }) => subject);
  return [review.id, ...(await versionsOf(ctx, subjects))].join(".");
}

/** Whether the actor may approve of it: whoever asked for it, or wrote any version of anything in it, may not. */
export async function mayApprove(ctx: Context, promotion: Promotion, review: PromotionReview): Promise<boolean> {
  if (askedFor(review, ctx.actor)) return false;
  const subjects = subjectsOf(promotion, review).map(({ subject }) => subject);
  return !(await wroteAny(ctx, subjects));
}

/** What became different since the version that somebody read, in words; nothing when that is the version of now. */
export async function changesSince(
  ctx: Context,
  { promotion, review, read }: { promotion: Promotion; review: PromotionReview; read: string },
): Promise<string | undefined> {
  const current = await reviewVersion(ctx, promotion, review);
  if (read === current) return undefined;
  const [asked, ...then] = read.split(".");
  const now = current.split(".").slice(1);
  const changes = subjectsOf(promotion, review).map(async ({ subject, name }, i) => {
    if (then[i] === undefined || then[i] === now[i]) return [];
    const revisions = await revisionsAfter(ctx, subject, Number(then[i]) || 0);
    return revisions.map(({ fields, actor }) => `${name}: ${fields.join(", ")} by ${actor}`);
  });
  const words = asked === review.id ? [] : [`something else is asked for, by ${askers(review)}`];
  return [...words, ...(await Promise.all(changes)).flat()].join("; ") || "there is no such version of it";
}
