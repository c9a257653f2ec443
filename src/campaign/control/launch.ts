import { sql } from "drizzle-orm";
import { type Audience, compileAudience, liveMember } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { readAudience } from "../../member/audience-choice.ts";
import { messageIssues, startIssues } from "../action/index.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { moveCampaign } from "../draft/transitions.ts";
import { needsApproval } from "../refusals.ts";
import { rehearsalIssues } from "../rehearsal/before-launch.ts";
import { scheduleRun } from "../run/start.ts";
import { campaignSettings } from "../settings.ts";

/**
 * Starts a campaign: now, or at its start when that lies ahead. One transaction moves the campaign and leaves the
 * message that begins its run; everything else happens behind the queue. Refuses what is not a draft or approved, what
 * lacks content or whose action cannot begin (a coupon template that gives nothing), and (NEEDS_APPROVAL) unapproved
 * campaigns that match more members than the configured size; CONFLICT when it was edited between that check and the
 * launch. The same idempotency key answers the same launch again.
 */
export async function launchCampaign(
  ctx: Context,
  input: { id: number; reason?: string | undefined; idempotencyKey?: string | undefined },
) {
  const checked = await findCampaign(ctx, input.id);
  return once(ctx, {
    key: input.idempotencyKey,
    input: { launch: input.id, reason: input.reason ?? null },
    check: async () => (checked ? unfitToLaunch(ctx, checked) : refuse.notFound("campaign", input.id)),
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
  const content = await messageIssues(ctx, campaign.kind, campaign.content, campaign.channels);
  const issues = [...content, ...(await startIssues(ctx, campaign))];
  if (issues.length > 0) return refuse.invalid(issues);
  const rehearsed = await rehearsalIssues(ctx, campaign);
  if (rehearsed.length > 0) return refuse.invalid(rehearsed);
  if (campaign.endsAt !== null && campaign.endsAt <= ctx.clock()) {
    return refuse.invalid([{ path: "endsAt", message: "the campaign's end has passed" }]);
  }
  if (campaign.state === "APPROVED") return undefined;
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) return audience;
  const limit = campaignSettings.of(ctx).approvalAbove;
  if ((await countUpTo(ctx, audience, limit + 1)) <= limit) return undefined;
  return needsApproval(limit);
}

/** Members of an audience, counted no further than `limit`: a launch must not wait for the last of ten million. */
async function countUpTo(ctx: Context, audience: Audience, limit: number): Promise<number> {
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, from: "index" } as const;
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT 1 FROM member m WHERE ${liveMember} AND ${compileAudience(audience, env)} LIMIT ${limit})`);
  return row?.n ?? 0;
}

function notLaunchable(campaign: Campaign) {
  return refuse.wrongState(`A campaign that is ${campaign.state} cannot be launched.`, campaign.state);
}
