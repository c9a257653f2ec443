import type { Context } from "../../context.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import type { AudienceChoice } from "../../member/audience-choice.ts";
import { promiseIssues } from "../../promotion/promise.ts";
import { type Promotion, setEnabled } from "../../promotion/promotion.ts";
import { messageIssues } from "../action/index.ts";
import { agreementFor, launchAgreed } from "../control/launch.ts";
import type { Stopped } from "../control/stop.ts";
import { type Campaign, createCampaign, type NewCampaign } from "../draft/campaign.ts";
import type { FrozenCampaign } from "../frozen-campaign.ts";
import { stopAnnouncements } from "./announcements.ts";
import { type Announcement, announcementDraft } from "./draft.ts";
import { announcementAudience, audienceOf, type Told } from "./whom.ts";

/** A promotion, the campaign that announces it now, if one does, and those that were stopped for that. */
export interface Promoted {
  readonly promotion: Promotion;
  readonly announcement: Campaign | null;
  readonly stopped: readonly Stopped[];
}

/** Whom an announcement would tell, counted outside of transactions. */
export interface Plan {
  readonly whom: Told;
  /** For whom the promotion was then. */
  readonly base: AudienceChoice;
  readonly audience: AudienceChoice;
  readonly frozen: FrozenCampaign;
  /** So many need a second person. */
  readonly isMany: boolean;
}

/** Whom a promotion's announcement would tell now. */
export async function planFor(
  ctx: Context,
  promotion: { readonly id: number; readonly shop: string; readonly audience?: unknown },
  whom: Told,
) {
  const audience = await announcementAudience(ctx, promotion, whom);
  if (isRefusal(audience)) return audience;
  const agreement = await agreementFor(ctx, { shop: promotion.shop, audience, couponTemplate: null });
  if (isRefusal(agreement)) return agreement;
  const { frozen, needsApproval } = agreement;
  return { whom, base: audienceOf(promotion), audience, frozen, isMany: needsApproval } satisfies Plan;
}

/** What an announcement would say and to whom, as the draft of a campaign of the promotion's shop. */
export function announcementOf(
  { clock }: Context,
  promotion: Promotion,
  { announcement = {}, plan }: { announcement?: Announcement | undefined; plan: Plan },
) {
  const { title, body, content } = announcement;
  if (content === undefined || (title ?? body) === undefined) {
    return announcementDraft(promotion, { announcement, audience: plan.audience, now: clock() });
  }
  const message = "say either title and body, or all of the content";
  return refuse.invalid([{ path: "announcement.content", message }]);
}

/** Writes an announcement down as a draft; refused where it could not be launched as it is. */
export async function createAnnouncement(tx: Context, draft: NewCampaign) {
  const campaign = await createCampaign(tx, draft);
  if (isRefusal(campaign)) return campaign;
  const issues: Issue[] = await messageIssues(tx, campaign, campaign.content, campaign.channels);
  return issues.length > 0 ? refuse.invalid(issues) : campaign;
}

/** Switches it on and launches its announcement, in place of what is left of those before; in a transaction only. */
export async function announceNow(
  tx: Context,
  { id, campaign, frozen, reason }: { id: number; campaign: Campaign; frozen: FrozenCampaign; reason: string },
) {
  const promotion = await setEnabled(tx, { id, enabled: true });
  if (isRefusal(promotion)) return promotion;
  // One that was enabled already may be kept no more.
  const broken = await promiseIssues(tx, promotion);
  if (broken.length > 0) return refuse.invalid(broken);
  const stopped = await stopAnnouncements(tx, id, { reason: "it is announced anew" });
  if (isRefusal(stopped)) return stopped;
  const launched = await launchAgreed(tx, { id: campaign.id, reason, frozen });
  if (isRefusal(launched)) return launched;
  return { promotion, announcement: launched, stopped } satisfies Promoted;
}
