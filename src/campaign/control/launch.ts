import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { type AudienceChoice, readAudience } from "../../member/audience-choice.ts";
import { countMembers } from "../../member/member-search.ts";
import { messageIssues, startIssues } from "../action/index.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { moveCampaign } from "../draft/transitions.ts";
import { needsApproval } from "../refusals.ts";
import { scheduleRun } from "../run/start.ts";
import { campaignSettings } from "../settings.ts";

/**
 * Starts a campaign: now, or at its start when that lies ahead. One transaction moves the campaign and leaves the
 * message that begins its run; everything else happens behind the queue. Refuses what is not a draft or approved, what
 * lacks content or whose action cannot begin (a coupon template that gives nothing), and (NEEDS_APPROVAL) unapproved
 * campaigns that match more members than the configured size; CONFLICT when it was edited between that check and the
 * launch; RATE_LIMITED or TOO_COSTLY when they cannot be counted. The same idempotency key answers the same launch
 * again. Whoever launches inside a transaction of his own has asked {@link tooManyToLaunch} before it: `counted`.
 */
export async function launchCampaign(
  ctx: Context,
  input: { id: number; reason?: string | undefined; idempotencyKey?: string | undefined; counted?: boolean },
) {
  const checked = await findCampaign(ctx, input.id);
  return once(ctx, {
    key: input.idempotencyKey,
    input: { launch: input.id, reason: input.reason ?? null },
    check: async () => {
      if (!checked) return refuse.notFound("campaign", input.id);
      const unfit = await unfitToLaunch(ctx, checked);
      if (unfit || checked.state === "APPROVED" || input.counted) return unfit;
      return tooManyToLaunch(ctx, checked.audience);
    },
    work: async (tx) => {
      const before = await findCampaign(tx, input.id);
      const results = await tx.db.write(moveCampaign(tx, "launch", input.id, input.reason));
      const campaign = await findCampaign(tx, input.id);
      if (!campaign) return refuse.notFound("campaign", input.id);
      if (results.at(-1)?.rowsAffected !== 1) return notLaunchable(campaign);
      if (!Bun.deepEquals(before, checked))
        return refuse.conflict("The campaign was changed meanwhile; launch it again.");
      await scheduleRun(tx, campaign.id, Math.max(tx.clock(), campaign.startsAt ?? 0));
      return campaign;
    },
  });
}

async function unfitToLaunch(ctx: Context, campaign: Campaign) {
  if (campaign.state !== "DRAFT" && campaign.state !== "APPROVED") return notLaunchable(campaign);
  const content = messageIssues(campaign.kind, campaign.content, campaign.channels);
  const issues = [...content, ...(await startIssues(ctx, campaign))];
  if (issues.length > 0) return refuse.invalid(issues);
  if (campaign.endsAt !== null && campaign.endsAt <= ctx.clock()) {
    return refuse.invalid([{ path: "endsAt", message: "the campaign's end has passed" }]);
  }
  return undefined;
}

/**
 * NEEDS_APPROVAL where a campaign to this audience may not be launched without. It may read every member, so it is
 * asked outside of transactions; it counts no further than it must, and nobody where there are not so many at all.
 */
export async function tooManyToLaunch(ctx: Context, choice: AudienceChoice) {
  const audience = await readAudience(ctx, choice);
  if (isRefusal(audience)) return audience;
  const limit = campaignSettings.of(ctx).approvalAbove;
  const last = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  if ((last?.seq ?? 0) <= limit) return undefined;
  const members = await countMembers(ctx, audience, limit + 1);
  if (isRefusal(members)) return members;
  return members > limit ? needsApproval(limit) : undefined;
}

function notLaunchable(campaign: Campaign) {
  return refuse.wrongState(`A campaign that is ${campaign.state} cannot be launched.`, campaign.state);
}
