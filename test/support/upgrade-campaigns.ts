import { sql } from "drizzle-orm";
import { liveMember } from "../../src/audience/audience.ts";
import { CouponReward } from "../../src/campaign/action/coupon-reward.ts";
import type { FrozenAction } from "../../src/campaign/action/define.ts";
import { freezeAction } from "../../src/campaign/action/index.ts";
import { type Campaign, listCampaigns } from "../../src/campaign/draft/campaign.ts";
import { fromFrozen } from "../../src/campaign/predicate.ts";
import { runProgress } from "../../src/campaign/progress/progress.ts";
import type { SendCounts } from "../../src/campaign/progress/send-counts.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { frozenRun, matches } from "../../src/campaign/run/frozen.ts";
import { listRuns } from "../../src/campaign/run/run.ts";
import type { Context } from "../../src/context.ts";
import { readAudience } from "../../src/member/audience-choice.ts";
import { countMembers } from "../../src/member/member-search.ts";
import { ledgerOf } from "./ledger.ts";
import { accepted } from "./shop.ts";
import { all, countWhere, inOrder } from "./upgrade-reading.ts";

function allCampaigns(ctx: Context): Promise<Campaign[]> {
  return listCampaigns(ctx, { limit: all });
}

/** All that is said of a campaign, drafts among them, and how many its audience matches now. */
export async function campaigns(ctx: Context) {
  return inOrder(await allCampaigns(ctx), async (campaign) => ({
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    state: campaign.state,
    template: campaign.couponTemplate,
    topic: campaign.topic,
    audience: campaign.audience,
    matches: accepted(await countMembers(ctx, accepted(await readAudience(ctx, campaign.audience, "")))),
    channels: campaign.channels,
    reach: campaign.reach,
    content: campaign.content,
    transactional: campaign.transactional,
    popupPriority: campaign.popupPriority,
    startsAt: campaign.startsAt,
    endsAt: campaign.endsAt,
    author: campaign.author,
    approver: campaign.approver,
  }));
}

/** What launching each draft would do. */
export async function simulations(ctx: Context) {
  const drafts = (await allCampaigns(ctx)).filter(({ state }) => state === "DRAFT");
  return inOrder(drafts, async (draft) => {
    const { id } = draft;
    const { matched, channels, coupons } = accepted(await simulateLaunch(ctx, { id }));
    return {
      campaign: id,
      matched,
      channels: channels.map(({ channel, reachable, deferred, skipped }) => ({
        channel,
        reachable,
        putOff: deferred,
        ...reasons(skipped),
      })),
      ...(coupons && {
        coupons: {
          template: couponsOf(await freezeAction(ctx, draft))?.template,
          members: coupons.members,
          coupons: coupons.coupons,
          left: coupons.left,
          cost: coupons.cost,
          currency: coupons.currency,
          ...reasons(coupons.skipped),
        },
      }),
    };
  });
}

const reasons = (skipped: readonly { readonly reason: string; readonly n: number }[]) =>
  Object.fromEntries(skipped.map(({ reason, n }) => [reason, n]));

/** What each campaign with coupons offers, and to how many. */
export async function offers(ctx: Context) {
  const giving = (await allCampaigns(ctx)).filter(({ kind }) => kind !== "ANNOUNCEMENT");
  return inOrder(giving, async (campaign) => {
    const action = await freezeAction(ctx, campaign);
    const offer = couponsOf(action) ?? null;
    return (
      offer && {
        campaign: campaign.id,
        kind: action.kind,
        template: offer.template,
        name: offer.name,
        eligible:
          offer.eligibility && (await countWhere(ctx, sql`${liveMember} AND (${fromFrozen(offer.eligibility)})`)),
        perMember: offer.perMember,
        codeMode: offer.codeMode,
        codePrefix: offer.codePrefix,
        linkUntil: offer.linkUntil,
      }
    );
  });
}

/** What an action keeps of the coupons that it is about, if it is about any. */
function couponsOf(action: FrozenAction): CouponReward | undefined {
  return CouponReward.safeParse(JSON.parse(JSON.stringify(action))).data;
}

/** How far each run is by its sums and by its ledger, and how many members its frozen filters match. */
export async function runs(ctx: Context) {
  const ids = (await listRuns(ctx, { limit: all })).map(({ id }) => id);
  const progress = (await runProgress(ctx, ids)).filter((each) => each !== undefined);
  return inOrder(progress, async (run) => ({
    id: run.run,
    campaign: run.campaign,
    state: run.state,
    matched: run.matched,
    pages: run.pages,
    pagesWritten: run.pagesWritten,
    planned: run.planned,
    dueAt: run.dueAt,
    startedAt: run.startedAt,
    completedAt: run.completedAt,
    sums: Object.fromEntries([
      ...run.channels.map((each) => [each.channel, sumsOf(each)]),
      ...(run.coupons ? [["COUPON", sumsOf(run.coupons)]] : []),
    ]),
    ledger: await ledgerOf(ctx.db, run.run),
    frozen: run.startedAt === null ? null : await frozenOf(ctx, run.run),
  }));
}

function sumsOf({ counts, reasons }: SendCounts) {
  const states = Object.entries(counts).filter(([, n]) => n > 0);
  return {
    ...Object.fromEntries(states),
    reasons: reasons.map(({ state, reason, n }) => `${state} ${reason} ${n}`).sort(),
  };
}

async function frozenOf(ctx: Context, run: number) {
  const frozen = await frozenRun(ctx, run);
  const coupons = couponsOf(frozen.action);
  const eligibility = coupons?.eligibility;
  return {
    asOf: frozen.asOf,
    topic: frozen.topic,
    reach: frozen.reach,
    channels: frozen.channels,
    endsAt: frozen.endsAt,
    matches: await countWhere(ctx, sql`${matches(frozen)} AND m.seq <= ${frozen.maxSeq}`),
    template: coupons?.template,
    eligible: eligibility && (await countWhere(ctx, sql`${liveMember} AND (${fromFrozen(eligibility)})`)),
  };
}
