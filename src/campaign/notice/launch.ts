import { z } from "zod";
import { channelNames, pushNames } from "../../channels/catalog.ts";
import { type Context, withTransaction } from "../../context.ts";
import { decideNotice, type NoticeKey, noteNoticeCampaign } from "../../coupon/reminder/notice.ts";
import type { NoticeKind, NoticePolicy } from "../../coupon/reminder/policy.ts";
import type { CouponTemplate } from "../../coupon/table.ts";
import { isRefusal } from "../../errors.ts";
import { remind } from "../action/remind.ts";
import { Content } from "../content/content.ts";
import { houseContent } from "../content/house-texts.ts";
import { launchDecided } from "../control/launch-decided.ts";
import type { CampaignDraft } from "../draft/campaign.ts";

/** One reminder, decided on: whom it is for, and when. Times are ms. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly template: CouponTemplate;
  /** What tells it from others of its kind and template: it is sent once. */
  readonly slot: number;
  readonly policy: Pick<NoticePolicy, "channels" | "content">;
  /** In the audience language. */
  readonly audience: unknown;
  readonly startsAt: number | null;
  readonly endsAt: number;
}

/** By which channels members are reminded unless the shop says otherwise: the first that reaches them. */
const usualChannels = [...pushNames, "EMAIL", "IN_APP"] as const;
const topic = "coupons";
const reason = "members are reminded of their coupons";

const Channels = z.array(z.enum(channelNames)).min(1);

/**
 * Launches the campaign of a reminder, once, however often it is asked for. It needs no approval whatever the number of
 * members: an operator has approved of it by the policy. Who asked to be reminded at a time is told at that time, so
 * caps and quiet hours are for the other kind alone.
 */
export async function launchNotice(ctx: Context, notice: Notice): Promise<void> {
  const { kind, template, slot } = notice;
  const key = { kind, template: template.id, slot };
  const launched = await withTransaction(systemOf(ctx), async (tx) => {
    if (!(await decideNotice(tx, key))) return undefined;
    const campaign = await launchDecided(tx, { ...draftOf(notice), shop: template.shop, reason });
    if (!isRefusal(campaign)) await tx.db.write([noteNoticeCampaign(key, campaign.id)]);
    return campaign;
  });
  if (isRefusal(launched))
    ctx.log("error", "coupon.notice_refused", { template: template.id, reason: launched.message });
}

/** Notes that there is nobody to remind: whoever comes by a coupon later need not be told that it ends soon. */
export async function skipNotice(ctx: Context, notice: NoticeKey): Promise<void> {
  await decideNotice(ctx, notice);
}

function systemOf(ctx: Context): Context {
  return { ...ctx, actor: { kind: "system", job: "coupon-notice" } };
}

function draftOf({ kind, template, policy, audience, startsAt, endsAt }: Notice): CampaignDraft {
  const channels = policy.channels === null ? [...usualChannels] : Channels.parse(policy.channels);
  const own = policy.content === null ? {} : Content.parse(policy.content);
  return {
    name: template.name,
    kind: remind.kind,
    couponTemplate: template.id,
    topic,
    audience: { filter: audience },
    channels,
    reach: "FIRST_REACHABLE",
    content: { ...houseContent(kind, channels), ...own },
    transactional: kind === "DROP",
    startsAt,
    endsAt,
  };
}
