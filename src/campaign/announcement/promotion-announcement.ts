import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal, type RefusalsOf, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { type Promotion, type PromotionDraft, rewritePromotion, setEnabled } from "../../promotion/promotion.ts";
import { cancelCampaign } from "../control/cancel.ts";
import { freezeUnapproved, launchCampaign } from "../control/launch.ts";
import { type Campaign, createCampaign } from "../draft/campaign.ts";
import { moveStart } from "../run/start.ts";
import { type Announcement, announcementDraft } from "./draft.ts";

/** A promotion, and the campaign that announces it now, if one does. */
export interface Promoted {
  readonly promotion: Promotion;
  readonly announcement: Campaign | null;
}

export interface EnableInput {
  readonly id: number;
  /** Whether to announce it; unless said, only when it never was. */
  readonly announce?: boolean | undefined;
  readonly announcement?: Announcement | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Enables a promotion and, when it was never announced or when asked to, creates and launches a campaign that tells
 * everyone: all in one transaction. Refuses what has ended, and whatever launching refuses (NEEDS_APPROVAL: enable it
 * without announcing, and have a campaign of your own reviewed). The same idempotency key answers the same again.
 */
export function enablePromotion(ctx: Context, { idempotencyKey, ...input }: EnableInput) {
  let frozen: Frozen | undefined;
  return once(ctx, {
    key: idempotencyKey,
    input: { enable: input },
    // Counted before: inside the transaction it would hold the writer. Only who does announce is refused for it.
    check: async (): Promise<RefusalsOf<Frozen> | undefined> => {
      if (input.announce !== false) frozen = await freezeUnapproved(ctx, toEveryone);
      return undefined;
    },
    work: (tx) => enable(tx, input, frozen),
  });
}

type Frozen = Awaited<ReturnType<typeof freezeUnapproved>>;
const toEveryone = { audience: { everyone: true }, couponTemplate: null } as const;

async function enable(ctx: Context, { id, announce, announcement = {} }: EnableInput, frozen: Frozen | undefined) {
  const promotion = await setEnabled(ctx, { id, enabled: true });
  if (isRefusal(promotion)) return promotion;
  if (promotion.endsAt !== null && promotion.endsAt <= ctx.clock()) {
    return refuse.wrongState("This promotion has ended; move its end first.", "ENDED");
  }
  if (!(announce ?? !(await wasAnnounced(ctx, id)))) return { promotion, announcement: null };
  const campaign = await createCampaign(ctx, announcementDraft(promotion, announcement, ctx.clock()));
  if (isRefusal(campaign)) return campaign;
  const agreed = frozen ?? (await freezeUnapproved(ctx, toEveryone));
  if (isRefusal(agreed)) return agreed;
  const launched = await launchCampaign(ctx, {
    id: campaign.id,
    reason: "the promotion was enabled",
    frozen: agreed,
  });
  if (isRefusal(launched)) return launched;
  await ctx.db.write([
    sql`INSERT INTO announcement (promotion, campaign, at) VALUES (${id}, ${campaign.id}, ${ctx.clock()})`,
  ]);
  return { promotion, announcement: launched };
}

/** Whether a campaign told of the promotion, or is going to; one that was cancelled did not. */
async function wasAnnounced(ctx: Context, promotion: number): Promise<boolean> {
  const row = await ctx.db.first(sql`
    SELECT 1 FROM announcement a JOIN campaign c ON c.id = a.campaign
    WHERE a.promotion = ${promotion} AND c.state <> 'CANCELLED' LIMIT 1`);
  return row !== undefined;
}

/**
 * Disables a promotion, and cancels its announcements that have not begun: nobody shall be told of what is not there.
 */
export function disablePromotion(ctx: Context, { id }: { id: number }) {
  return withTransaction(ctx, async (tx) => {
    const promotion = await setEnabled(tx, { id, enabled: false });
    if (isRefusal(promotion)) return promotion;
    for (const campaign of await waitingAnnouncements(tx, id)) {
      const cancelled = await cancelCampaign(tx, { id: campaign, reason: "the promotion was disabled" });
      if (isRefusal(cancelled)) return cancelled;
    }
    return promotion;
  });
}

/**
 * Changes a promotion, enabled or not; what is left out stays. It is not announced again by that, but an announcement
 * that has not begun moves with its window.
 */
export function updatePromotion(ctx: Context, input: { readonly id: number; readonly draft: Partial<PromotionDraft> }) {
  return withTransaction(ctx, async (tx) => {
    const promotion = await rewritePromotion(tx, input);
    if (isRefusal(promotion)) return promotion;
    const { startsAt, endsAt } = promotion;
    for (const campaign of await waitingAnnouncements(tx, input.id))
      await moveStart(tx, { campaign, startsAt, endsAt });
    return promotion;
  });
}

/** Announcements of a promotion that are launched and have not begun. */
async function waitingAnnouncements(ctx: Context, promotion: number): Promise<number[]> {
  const rows = await ctx.db.all<{ campaign: number }>(sql`
    SELECT a.campaign FROM announcement a JOIN run r ON r.campaign = a.campaign JOIN campaign c ON c.id = a.campaign
    WHERE a.promotion = ${promotion} AND r.state IN ('PENDING', 'IN_REVIEW') AND c.state IN ('ACTIVE', 'PAUSED')`);
  return rows.map(({ campaign }) => campaign);
}

/** The campaigns that announced each of these promotions, newest first. */
export async function announcementsOf(
  ctx: Context,
  promotions: readonly number[],
): Promise<ReadonlyMap<number, number[]>> {
  const found = await ctx.db.all<{ promotion: number; campaign: number }>(sql`
    SELECT promotion, campaign FROM announcement WHERE promotion IN (SELECT value FROM ${rows(promotions)})
    ORDER BY campaign DESC`);
  return new Map(
    promotions.map((id) => [id, found.filter(({ promotion }) => promotion === id).map(({ campaign }) => campaign)]),
  );
}
