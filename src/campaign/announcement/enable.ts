import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { changedPromotion, findPromotion, type Promotion, setEnabled } from "../../promotion/promotion.ts";
import { type Campaign, type CampaignDraft, findCampaign } from "../draft/campaign.ts";
import { moveRuns } from "../run/not-begun.ts";
import { announcementOf, announceNow, createAnnouncement, type Plan, type Promoted, planFor } from "./announce.ts";
import { waiting } from "./announcements.ts";
import type { Announcement } from "./draft.ts";
import { askedFor, askForReview, giveUp, isAsCounted, type PromotionReview, reviewOf } from "./review.ts";
import { type AnnounceChoice, audienceOf, wasAnnounced } from "./whom.ts";

export interface EnableInput {
  readonly id: number;
  /** Whom to tell; unless said everyone where it was never announced, else nobody. */
  readonly announce?: AnnounceChoice | undefined;
  readonly announcement?: Announcement | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Enables a promotion and, when it was never announced or when asked to, creates and launches a campaign that tells of
 * it: all in one transaction. Above the approval size both wait for a second person, and nothing is enabled: see
 * `reviewOf` and `approvePromotion`. Refuses what has ended, and an announcement with faults; CONFLICT where it was
 * changed meanwhile; RATE_LIMITED or TOO_COSTLY where those whom it would tell cannot be counted. Asked to announce it
 * again, it stops what is left of the announcements before, and the new one begins once they have. The same idempotency
 * key answers the same again.
 */
export function enablePromotion(ctx: Context, { idempotencyKey, ...input }: EnableInput) {
  let plan: Plan | undefined;
  return once(ctx, {
    key: idempotencyKey,
    input: { enable: input },
    check: async () => {
      const planned = await planAnnouncement(ctx, input);
      if (isRefusal(planned)) return planned;
      plan = planned;
      return undefined;
    },
    work: (tx) => enable(tx, input, plan),
  });
}

async function planAnnouncement(ctx: Context, { id, announce }: Pick<EnableInput, "id" | "announce">) {
  const promotion = await findPromotion(ctx, id);
  const whom = promotion && (await whomToTell(ctx, id, announce));
  return promotion && whom !== undefined && whom !== "NO" ? planFor(ctx, promotion, whom) : undefined;
}

async function whomToTell(ctx: Context, id: number, announce: AnnounceChoice | undefined): Promise<AnnounceChoice> {
  return announce ?? ((await wasAnnounced(ctx, id)) ? "NO" : "EVERYONE");
}

/** {@link enablePromotion}, inside a transaction, with what was planned before it. */
export async function enable(tx: Context, input: Omit<EnableInput, "idempotencyKey">, plan: Plan | undefined) {
  const { id, announcement } = input;
  const before = await findPromotion(tx, id);
  if (!before) return refuse.notFound("promotion", id);
  if (before.endsAt !== null && before.endsAt <= tx.clock()) {
    return refuse.wrongState("This promotion has ended; move its end first.", "ENDED");
  }
  if ((await whomToTell(tx, id, input.announce)) === "NO")
    return before.enabled ? nothingNew(before) : switchOn(tx, id);
  if (!plan || !Bun.deepEquals(plan.base, audienceOf(before))) {
    return refuse.conflict("The promotion was changed meanwhile; enable it again.");
  }
  const kept = await changedPromotion(tx, { ...before, enabled: true }, {});
  if (isRefusal(kept)) return kept;
  const draft = announcementOf(tx, before, { announcement, plan });
  if (isRefusal(draft)) return draft;
  const waits = await reviewOf(tx, id);
  if (plan.isMany && (await isAsked(tx, { waits, draft, plan }))) return nothingNew(before);
  const campaign = await createAnnouncement(tx, draft);
  if (isRefusal(campaign)) return campaign;
  if (plan.isMany) return ask(tx, { promotion: before, campaign, plan, waits });
  if (waits?.what === "ENABLE") await giveUp(tx, waits, "it was announced to fewer");
  return announceNow(tx, { id, campaign, frozen: plan.frozen, reason: "the promotion was enabled" });
}

function nothingNew(promotion: Promotion): Promoted {
  return { promotion, announcement: null, stopped: [] };
}

/** Whether the same person has asked for the same already. */
async function isAsked(
  tx: Context,
  { waits, draft, plan }: { waits: PromotionReview | null; draft: CampaignDraft; plan: Plan },
): Promise<boolean> {
  if (waits?.what !== "ENABLE" || !askedFor(waits, tx.actor)) return false;
  if (waits.announcement.frozen.members !== plan.frozen.members) return false;
  const campaign = await findCampaign(tx, waits.announcement.campaign);
  if (campaign?.state !== "DRAFT" || !(await isAsCounted(tx, campaign, waits.announcement))) return false;
  const said = ({ channels, content, audience }: Pick<CampaignDraft, "channels" | "content" | "audience">) => ({
    channels: [...channels],
    content,
    audience,
  });
  return Bun.deepEquals(said({ ...campaign, channels: [...campaign.channels] }), said(draft));
}

/** Those that were kept waiting go on. */
async function switchOn(tx: Context, id: number) {
  const promotion = await setEnabled(tx, { id, enabled: true });
  if (isRefusal(promotion)) return promotion;
  for (const campaign of await waiting(tx, id)) await moveRuns(tx, campaign, undefined);
  return nothingNew(promotion);
}

interface ToAsk {
  readonly promotion: Promotion;
  readonly campaign: Campaign;
  readonly plan: Plan;
  readonly waits: PromotionReview | null;
}

/** Leaves it to a second person. */
async function ask(tx: Context, { promotion, campaign, plan: { frozen }, waits }: ToAsk) {
  if (waits?.what === "EDIT") {
    return refuse.conflict("A change of this promotion waits for a second person; have that decided first.");
  }
  const words = `asked for approval: enabled, and announced to ${frozen.members} members`;
  await askForReview(tx, promotion.id, { what: "ENABLE", announcement: { campaign: campaign.id, frozen } }, words);
  return nothingNew(promotion);
}
