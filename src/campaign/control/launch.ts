import { type Audience, everyone } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { messageIssues, startIssues } from "../action/index.ts";
import { type Freezable, freezeCampaign, keepFrozen } from "../approval/freeze.ts";
import { changesOfOffer } from "../approval/growth.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { recurrenceIssues } from "../draft/recurrence-issues.ts";
import { moveCampaign } from "../draft/transitions.ts";
import type { FrozenCampaign } from "../frozen-campaign.ts";
import { needsApproval } from "../refusals.ts";
import { rehearsalIssues } from "../rehearsal/before-launch.ts";
import { beginRuns } from "../schedule/begin.ts";
import { campaignSettings } from "../settings.ts";

/**
 * Starts a campaign: now, or at its start when that lies ahead. One transaction moves the campaign and leaves the
 * message that begins its run; everything else happens behind the queue. Refuses what is not a draft or approved, what
 * lacks content or whose action cannot begin (a coupon template that gives nothing), and (NEEDS_APPROVAL) unapproved
 * campaigns that match more members than the configured size; CONFLICT when it was edited between that check and the
 * launch, or what was approved of its coupons changed; RATE_LIMITED or TOO_COSTLY when its members cannot be counted.
 * What is launched is frozen: a segment's filter is copied, and so many members are what was agreed to. The same
 * idempotency key answers the same launch again.
 */
export async function launchCampaign(
  ctx: Context,
  input: { id: number; reason?: string | undefined; idempotencyKey?: string | undefined },
) {
  const checked = await findCampaign(ctx, input.id);
  let frozen: FrozenCampaign | undefined;
  return once(ctx, {
    key: input.idempotencyKey,
    input: { launch: input.id, reason: input.reason ?? null },
    check: async () => {
      if (!checked) return refuse.notFound("campaign", input.id);
      if (checked.state !== "DRAFT" && checked.state !== "APPROVED") return notLaunchable(checked);
      const fit = (await unfitToLaunch(ctx, checked)) ?? checked.frozen ?? (await freezeToLaunch(ctx, checked));
      if (isRefusal(fit)) return fit;
      frozen = fit;
      return undefined;
    },
    work: async (tx) => {
      const before = await findCampaign(tx, input.id);
      const results = await tx.db.write(moveCampaign(tx, "launch", input.id, input.reason));
      const campaign = await findCampaign(tx, input.id);
      if (!campaign) return refuse.notFound("campaign", input.id);
      if (results.at(-1)?.rowsAffected !== 1) return notLaunchable(campaign);
      if (!Bun.deepEquals(before, checked))
        return refuse.conflict("The campaign was changed meanwhile; launch it again.");
      if (frozen) await tx.db.write([keepFrozen(campaign.id, frozen)]);
      await beginRuns(tx, campaign);
      return { ...campaign, frozen: frozen ?? null };
    },
  });
}

/**
 * Launches a campaign inside of a transaction that knows that it may be: what keeps it from that was asked before,
 * {@link unfitToLaunch}, and it is frozen.
 */
export async function goLive(tx: Context, campaign: Campaign, reason: string | undefined): Promise<Campaign> {
  await tx.db.write(moveCampaign(tx, "launch", campaign.id, reason));
  await beginRuns(tx, campaign);
  return (await findCampaign(tx, campaign.id)) ?? campaign;
}

/**
 * Launches a draft whose members were counted, and agreed to, before the transaction in which that is done. The
 * messages of any members are rehearsed, for a transaction may not look for those of an audience.
 */
export async function launchAgreed(
  tx: Context,
  { id, frozen, reason }: { readonly id: number; readonly frozen: FrozenCampaign; readonly reason: string },
) {
  const draft = await findCampaign(tx, id);
  if (!draft) return refuse.notFound("campaign", id);
  if (draft.state !== "DRAFT") return notLaunchable(draft);
  const unfit = await unfitToLaunch(tx, draft, everyone);
  if (unfit) return unfit;
  await tx.db.write([keepFrozen(id, frozen)]);
  return goLive(tx, draft, reason);
}

/** What keeps a campaign from being launched, whatever its state; it reads members, so outside of transactions. */
export async function unfitToLaunch(ctx: Context, campaign: Campaign, rehearsedFor?: Audience) {
  const content = await messageIssues(ctx, campaign, campaign.content, campaign.channels);
  const issues = [...content, ...(await startIssues(ctx, campaign)), ...(await recurrenceIssues(ctx, campaign))];
  if (issues.length > 0) return refuse.invalid(issues);
  const rehearsed = await rehearsalIssues(ctx, campaign, rehearsedFor);
  if (isRefusal(rehearsed)) return rehearsed;
  if (rehearsed.length > 0) return refuse.invalid(rehearsed);
  if (campaign.endsAt !== null && campaign.endsAt <= ctx.clock()) {
    return refuse.invalid([{ path: "endsAt", message: "the campaign's end has passed" }]);
  }
  const changes =
    campaign.approver === null ? [] : await changesOfOffer(ctx, campaign, campaign.frozen?.templateVersion ?? 0);
  if (changes.length === 0) return undefined;
  return refuse.conflict(
    `That is not what was approved: ${changes.join("; ")}. Reject it, and have it reviewed again.`,
  );
}

function freezeToLaunch(ctx: Context, campaign: Campaign) {
  return campaign.state === "APPROVED" ? freezeCampaign(ctx, campaign) : freezeUnapproved(ctx, campaign);
}

/**
 * What is launched without approval, or NEEDS_APPROVAL. It may read every member, so it is asked outside of
 * transactions; it counts no further than it must, for a launch must not wait for the last of ten million.
 */
async function freezeUnapproved(ctx: Context, campaign: Freezable) {
  const limit = campaignSettings.of(ctx).approvalAbove;
  const frozen = await freezeCampaign(ctx, campaign, limit + 1);
  return isRefusal(frozen) || frozen.members <= limit ? frozen : needsApproval(limit);
}

/**
 * What would be agreed to, whatever its size: without approval where it is small, and then no more are counted than
 * need be; else it needs approval.
 */
export async function agreementFor(ctx: Context, campaign: Freezable) {
  const limit = campaignSettings.of(ctx).approvalAbove;
  const few = await freezeCampaign(ctx, campaign, limit + 1);
  if (isRefusal(few)) return few;
  if (few.members <= limit) return { frozen: few, needsApproval: false };
  const frozen = await freezeCampaign(ctx, campaign);
  return isRefusal(frozen) ? frozen : { frozen, needsApproval: true };
}

function notLaunchable(campaign: Campaign) {
  return refuse.wrongState(`A campaign that is ${campaign.state} cannot be launched.`, campaign.state);
}
