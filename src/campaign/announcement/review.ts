import { sql } from "drizzle-orm";
import { type Actor, describeActor, identityOf } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal } from "../../errors.ts";
import { resolveChoice } from "../../member/audience-choice.ts";
import type { PromotionDraft } from "../../promotion/promotion.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { cancelCampaign } from "../control/cancel.ts";
import type { Campaign } from "../draft/campaign.ts";
import { FrozenCampaign } from "../frozen-campaign.ts";

/** What can wait for a second person. */
export const reviewKinds = {
  ENABLE: "That it is enabled, and announced.",
  EDIT: "That it promises something else; and is announced again, where that was asked for.",
} as const;

/** An announcement that goes with what is asked for: a draft until then, and whom it would tell. */
export interface AskedAnnouncement {
  readonly campaign: number;
  readonly frozen: FrozenCampaign;
}

/** What is asked for. */
export type Asked =
  | { readonly what: "ENABLE"; readonly announcement: AskedAnnouncement }
  | {
      readonly what: "EDIT";
      readonly changes: Partial<PromotionDraft>;
      readonly announcement: AskedAnnouncement | null;
    };

/** What of a promotion waits for a second person. */
export type PromotionReview = Asked & {
  readonly promotion: number;
  /** Another one whenever something else is asked for. */
  readonly id: string;
  /** Who asked, the last of them last. */
  readonly authors: readonly Actor[];
  /** When, ms. */
  readonly at: number;
};

interface Row {
  readonly promotion: number;
  readonly id: string;
  readonly what: string;
  readonly campaign: number | null;
  readonly frozen: string | null;
  readonly changes: string | null;
  readonly authors: string;
  readonly at: number;
}

/** What waits of each of these promotions, in their order; null where nothing does. */
export async function reviewsOf(ctx: Context, promotions: readonly number[]): Promise<(PromotionReview | null)[]> {
  const found = await ctx.db.all<Row>(sql`
    SELECT promotion, id, what, campaign, frozen, changes, authors, at FROM promotion_review
    WHERE promotion IN (SELECT value FROM ${rows(promotions)})`);
  return promotions.map((id) => {
    const row = found.find(({ promotion }) => promotion === id);
    return row ? fromRow(row) : null;
  });
}

export async function reviewOf(ctx: Context, promotion: number): Promise<PromotionReview | null> {
  return (await reviewsOf(ctx, [promotion]))[0] ?? null;
}

function fromRow({ promotion, id, what, campaign, frozen, changes, authors, at }: Row): PromotionReview {
  const asked = { promotion, id, authors: (JSON.parse(authors) as Actor[]).map(ofSomeShop), at };
  const announcement =
    campaign === null ? null : { campaign, frozen: FrozenCampaign.parse(JSON.parse(frozen ?? "null")) };
  if (what === "EDIT") {
    const said: Partial<PromotionDraft> = JSON.parse(changes ?? "{}");
    return { ...asked, what, changes: said, announcement };
  }
  if (!announcement) throw new Error(`the review of promotion ${promotion} names no announcement`);
  return { ...asked, what: "ENABLE", announcement };
}

/** Who asked before there were operators of a shop worked for all of them. */
function ofSomeShop(actor: Actor): Actor {
  return actor.kind === "operator" ? { ...actor, shop: actor.shop ?? "" } : actor;
}

/**
 * Asks for a second person: once for a promotion, in place of what was asked before, which `words` tell its history.
 * Inside a transaction only.
 */
export async function askForReview(tx: Context, promotion: number, asked: Asked, words: string): Promise<void> {
  const before = await reviewOf(tx, promotion);
  const { what, announcement } = asked;
  if (before?.announcement && before.announcement.campaign !== announcement?.campaign) {
    await dropDraft(tx, before.announcement.campaign);
  }
  const others = (before?.what === what ? before.authors : []).filter((each) => !isSame(each, tx.actor));
  const changes = asked.what === "EDIT" ? JSON.stringify(asked.changes) : null;
  await tx.db.write([
    sql`DELETE FROM promotion_review WHERE promotion = ${promotion}`,
    sql`
      INSERT INTO promotion_review (promotion, id, what, campaign, frozen, changes, authors, at)
      VALUES (${promotion}, ${tx.id()}, ${what}, ${announcement?.campaign ?? null},
        ${announcement ? JSON.stringify(announcement.frozen) : null}, ${changes},
        ${JSON.stringify([...others, tx.actor])}, ${tx.clock()})`,
    auditDeed(tx, subjectOf("promotion", promotion), words),
  ]);
}

/** Others are to be told by then, whom somebody counted: what is asked for is another thing. */
export async function recount(tx: Context, review: PromotionReview, frozen: FrozenCampaign): Promise<void> {
  await tx.db.write([
    sql`
      UPDATE promotion_review SET id = ${tx.id()}, frozen = ${JSON.stringify(frozen)}
      WHERE promotion = ${review.promotion} AND id = ${review.id}`,
  ]);
}

/** Whether the announcement is for those who were counted when it was asked for. */
export async function isAsCounted(ctx: Context, { audience, shop }: Campaign, { frozen }: AskedAnnouncement) {
  const now = await resolveChoice(ctx, audience, shop);
  return !isRefusal(now) && Bun.deepEquals(now.choice, frozen.audience);
}

/** Nothing waits any more; what an announcement would have said goes with it unless it is kept. */
export async function endReview(tx: Context, review: PromotionReview, keep = false): Promise<void> {
  if (review.announcement && !keep) await dropDraft(tx, review.announcement.campaign);
  await tx.db.write([sql`DELETE FROM promotion_review WHERE promotion = ${review.promotion} AND id = ${review.id}`]);
}

/** Gives up what waits, because of something else that is done; writes down that it was. */
export async function giveUp(tx: Context, review: PromotionReview | null, because: string): Promise<void> {
  if (!review) return;
  await endReview(tx, review);
  const what =
    review.what === "ENABLE" ? "enabling it is not asked for any more" : "the change that waited is given up";
  await tx.db.write([auditDeed(tx, subjectOf("promotion", review.promotion), `${what}: ${because}`)]);
}

/** A draft that somebody took further, or away, stays as it is. */
async function dropDraft(tx: Context, campaign: number): Promise<void> {
  const row = await tx.db.first<{ state: string }>(sql`SELECT state FROM campaign WHERE id = ${campaign}`);
  if (row?.state !== "DRAFT") return;
  const cancelled = await cancelCampaign(tx, { id: campaign, reason: "nobody asks for it any more" });
  if (isRefusal(cancelled)) throw new Error(`a draft cannot be cancelled: ${cancelled.message}`);
}

/** Whether this person is among those who asked. */
export function askedFor(review: PromotionReview, actor: Actor): boolean {
  return review.authors.some((each) => isSame(each, actor));
}

function isSame(a: Actor, b: Actor): boolean {
  return identityOf(a) === identityOf(b);
}

/** Who asked, in words, the last of them last. */
export function askers({ authors }: PromotionReview): string {
  return authors.map(describeActor).join(", ");
}
