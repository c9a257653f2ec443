import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { changedPromise } from "../../promotion/changes.ts";
import {
  changedPromotion,
  findPromotion,
  type Promotion,
  type PromotionDraft,
  rewritePromotion,
} from "../../promotion/promotion.ts";
import { findCampaign } from "../draft/campaign.ts";
import { announcementOf, createAnnouncement, type Plan, planFor } from "./announce.ts";
import { begunOrApproved, stopAnnouncements } from "./announcements.ts";
import type { Announcement } from "./draft.ts";
import { enable } from "./enable.ts";
import { follow, followPromotion } from "./follow.ts";
import { promiseChanges } from "./promised.ts";
import { type AskedAnnouncement, askForReview, giveUp, type PromotionReview, recount, reviewOf } from "./review.ts";
import { type AnnounceChoice, audienceOf, type Told, toldBy } from "./whom.ts";

interface Edit {
  readonly id: number;
  readonly draft: Partial<PromotionDraft>;
  /** Whom to tell of it as it is then; nobody unless said. Only of one that is enabled. */
  readonly announce?: AnnounceChoice | undefined;
  readonly announcement?: Announcement | undefined;
}

export interface EditInput extends Edit {
  readonly idempotencyKey?: string | undefined;
}

/**
 * Changes a promotion; what is left out stays. One that is disabled changes at once, and so do name and remark of every
 * one; what an enabled one promises is kept until a second person has approved of it (`approvePromotion`), together
 * with what waits of that already. Announcements that have not begun follow; those under way that tell what is promised
 * no more are stopped. Nothing is announced again by it unless that is asked for; the same idempotency key answers the
 * same again, and announces nothing.
 */
export function updatePromotion(ctx: Context, { idempotencyKey, ...input }: EditInput) {
  let plan: Plan | undefined;
  return once(ctx, {
    key: idempotencyKey,
    input: { edit: input },
    check: async () => {
      const planned = await planOf(ctx, input);
      if (isRefusal(planned)) return planned;
      plan = planned;
      return undefined;
    },
    work: (tx) => edit(tx, input, plan),
  });
}

async function edit(tx: Context, input: Edit, plan: Plan | undefined) {
  const before = await findPromotion(tx, input.id);
  if (!before) return refuse.notFound("promotion", input.id);
  const review = await reviewOf(tx, input.id);
  if (!before.enabled) {
    if (asksToTell(input)) return refuse.wrongState("Enabling it announces it: enablePromotion.", "DISABLED");
    return rewrite(tx, input, { before, review, plan });
  }
  const draft = { ...waitingDraft(review), ...said(input.draft) };
  const after = await changedPromotion(tx, before, draft);
  if (isRefusal(after)) return after;
  const words = await promiseChanges(tx, before, after);
  if (words.length > 0) return keepForReview(tx, { ...input, draft }, { before, after, words, review, plan });
  if (review?.what === "EDIT") await giveUp(tx, review, "it was taken back");
  const promotion = await rewrite(tx, input, { before, review, plan });
  if (isRefusal(promotion) || !asksToTell(input)) return promotion;
  const { id, announce, announcement } = input;
  const told = await enable(tx, { id, announce, announcement }, plan);
  return isRefusal(told) ? told : told.promotion;
}

function said(draft: Partial<PromotionDraft>): Partial<PromotionDraft> {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}

function waitingDraft(review: PromotionReview | null): Partial<PromotionDraft> {
  return review?.what === "EDIT" ? review.changes : {};
}

function asksToTell({ announce = "NO" }: Pick<Edit, "announce">): boolean {
  return announce !== "NO";
}

/** Whom an announcement would tell that is asked for, or one that waits whose audience is changed by it. */
async function planOf(ctx: Context, { id, draft, announce }: Edit) {
  const before = await findPromotion(ctx, id);
  if (!before) return undefined;
  const review = await reviewOf(ctx, id);
  const after = { ...before, ...waitingDraft(review), ...said(draft), id };
  if (announce !== undefined && announce !== "NO") return planFor(ctx, after, announce);
  if (!review?.announcement || !("audience" in said(draft))) return undefined;
  if (announce === "NO" && review.what === "EDIT") return undefined;
  return planFor(ctx, after, await whomIt(ctx, id, review.announcement.campaign));
}

async function whomIt(ctx: Context, promotion: number, waiting: number): Promise<Told> {
  const campaign = await findCampaign(ctx, waiting);
  return campaign ? toldBy(campaign.audience, promotion) : "EVERYONE";
}

/** Whom it would tell was not counted, for somebody asked for that, or for others, between the count and now. */
function changedMeanwhile() {
  return refuse.conflict("The promotion was changed meanwhile; change it again.");
}

interface Found {
  readonly before: Promotion;
  readonly review: PromotionReview | null;
  readonly plan: Plan | undefined;
}

/**
 * Changes it now. Those under way that tell of what it promised before are stopped, whoever kept them going; and those
 * that somebody approved of, for nobody approves of this.
 */
async function rewrite(tx: Context, { id, draft }: Edit, { before, review, plan }: Found) {
  const promotion = await rewritePromotion(tx, { id, draft });
  if (isRefusal(promotion)) return promotion;
  if (changedPromise(before, promotion).length > 0) {
    const which = begunOrApproved(id);
    const stopped = await stopAnnouncements(tx, id, { reason: "what it promises was changed", which });
    if (isRefusal(stopped)) return stopped;
  }
  const asked = review?.what === "ENABLE" ? review : undefined;
  const refused = await followPromotion(tx, { before, after: promotion });
  if (refused) return refused;
  if (!asked || Bun.deepEquals(before.audience, promotion.audience)) return promotion;
  if (!plan || !Bun.deepEquals(plan.base, audienceOf(promotion))) return changedMeanwhile();
  await recount(tx, asked, plan.frozen);
  return promotion;
}

interface Changed extends Found {
  readonly after: Promotion;
  /** What it would promise differently. */
  readonly words: readonly string[];
}

/** Keeps a change of what is promised for a second person; name and remark change at once. */
async function keepForReview(tx: Context, input: Edit, changed: Changed) {
  const { id } = input;
  const { name, remark, ...changes } = input.draft;
  const { before, review, words } = changed;
  if (review?.what === "ENABLE") await giveUp(tx, review, "what it would say is going to change");
  const announcement = await announcementToAsk(tx, input, changed);
  if (isRefusal(announcement)) return announcement;
  const lagging = announcement && (await followAsked(tx, announcement, changed));
  if (lagging) return lagging;
  const how = announcement ? `; and of its announcement to ${announcement.frozen.members} members` : "";
  const asked = { what: "EDIT", changes, announcement } as const;
  await askForReview(tx, id, asked, `asked for approval of a change: ${words.join("; ")}${how}`);
  const atOnce = said({ ...(name !== undefined && { name }), ...(remark !== undefined && { remark }) });
  if (Object.keys(atOnce).length === 0) return before;
  return rewrite(tx, { id, draft: atOnce }, { before, review: null, plan: undefined });
}

/** The announcement that waits with it: the one that is asked for now, or the one that waited before. */
async function announcementToAsk(tx: Context, input: Edit, { before, after, review, plan }: Changed) {
  const waiting = review?.what === "EDIT" ? review.announcement : null;
  const { announce, announcement } = input;
  if (announce === "NO" || (announce === undefined && !waiting)) return null;
  const isFor = audienceOf({ audience: before.audience, ...waitingDraft(review) });
  if (announce === undefined && waiting && Bun.deepEquals(isFor, audienceOf(after))) return waiting;
  if (!plan || !Bun.deepEquals(plan.base, audienceOf(after))) return changedMeanwhile();
  if (announce === undefined && waiting) return { ...waiting, frozen: plan.frozen } satisfies AskedAnnouncement;
  const draft = announcementOf(tx, after, { announcement, plan });
  const campaign = isRefusal(draft) ? draft : await createAnnouncement(tx, draft);
  return isRefusal(campaign) ? campaign : { campaign: campaign.id, frozen: plan.frozen };
}

/** An announcement that waits already is for what is asked for now. */
async function followAsked(tx: Context, { campaign }: AskedAnnouncement, { before, after, review }: Changed) {
  if (review?.what !== "EDIT" || review.announcement?.campaign !== campaign) return undefined;
  const asked = await changedPromotion(tx, before, review.changes);
  const draft = await findCampaign(tx, campaign);
  return draft && follow(tx, { before: isRefusal(asked) ? before : asked, after }, draft);
}

/** What a change that waits would change, in words. */
export async function waitingChanges(ctx: Context, promotion: Promotion, review: PromotionReview): Promise<string[]> {
  if (review.what !== "EDIT") return [];
  const after = await changedPromotion(ctx, promotion, review.changes);
  return isRefusal(after) ? [after.message] : promiseChanges(ctx, promotion, after);
}
