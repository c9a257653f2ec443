import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { isRefusal, refuse } from "../../errors.ts";
import type { CampaignKind } from "../action/index.ts";
import type { Content } from "../content/content.ts";
import { houseContent } from "../content/house-texts.ts";
import { agreementFor, unfitToLaunch } from "../control/launch.ts";
import { unwritten } from "../draft/campaign.ts";
import { type CampaignDraft, checkDraft } from "../draft/facts.ts";

/** Which coupon, to whom, how and when. */
export interface CouponPush
  extends Pick<
    CampaignDraft,
    "topic" | "reach" | "content" | "transactional" | "popupPriority" | "startsAt" | "endsAt" | "schedule"
  > {
  readonly couponTemplate: number;
  readonly audience: NonNullable<CampaignDraft["audience"]>;
  /** None: the coupon is put into the wallets without a word. */
  readonly channels: readonly ChannelName[];
  /** Whether members are sent a link to claim it with, instead of the coupon. */
  readonly invite?: boolean | undefined;
  /** Of the campaign; the coupon's unless given. */
  readonly name?: string | undefined;
}

export type PlannedPush = Exclude<Awaited<ReturnType<typeof planPush>>, { readonly code: string }>;

/**
 * The campaign that a push is, checked as a launch checks it, and how many members it selects. May read all of them:
 * outside of transactions.
 */
export async function planPush(ctx: Context, push: CouponPush) {
  const template = await findTemplate(ctx, push.couponTemplate);
  if (!template)
    return refuse.invalid([
      { path: "couponTemplateId", message: `there is no coupon template ${push.couponTemplate}` },
    ]);
  const draft = draftOf(push, template.name);
  const { shop } = template;
  const checked = await checkDraft(ctx, draft, shop);
  if (isRefusal(checked)) return checked;
  const planned = unwritten(ctx, checked, shop);
  const unfit = await unfitToLaunch(ctx, planned);
  if (unfit) return unfit;
  const agreement = await agreementFor(ctx, planned);
  if (isRefusal(agreement)) return agreement;
  const { frozen, needsApproval } = agreement;
  return { draft: { ...draft, shop }, planned, frozen, needsApproval };
}

function draftOf({ invite = false, content = {}, ...push }: CouponPush, couponName: string): CampaignDraft {
  const { name = couponName, ...others } = push;
  const kind: CampaignKind = invite ? "COUPON_INVITE" : "COUPON_ISSUE";
  const channels = [...push.channels];
  const house = houseContent(invite ? "INVITED" : "GIVEN", channels);
  return { ...others, kind, name, channels, content: filledWith(house, content) };
}

/** Own words; where a channel has none for everyone else, the house's, too. */
function filledWith(house: Content, own: Content): Content {
  const names = [...new Set([...Object.keys(house), ...Object.keys(own)])] as ChannelName[];
  return Object.fromEntries(
    names.map((name) => [name, own[name]?.default ? own[name] : { ...house[name], ...own[name] }]),
  );
}
