import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { startIssues } from "../action/index.ts";
import { freezeCampaign, keepFrozen } from "../approval/freeze.ts";
import { mayApprove } from "../approval/subjects.ts";
import { changesSince } from "../approval/version.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { moveCampaign } from "../draft/transitions.ts";
import { goLive, unfitToLaunch } from "./launch.ts";
import { type Command, move, notMovable } from "./move.ts";

/**
 * Asks for review; a draft only. What is reviewed is frozen with it: a segment's filter is copied, and the members that
 * it selects are counted. With `launchWhenApproved` it goes on by itself: whoever approves it launches it. CONFLICT
 * when it was edited meanwhile.
 */
export async function submitCampaign(ctx: Context, input: Command & { readonly launchWhenApproved?: boolean }) {
  const read = await findCampaign(ctx, input.id);
  if (!read) return refuse.notFound("campaign", input.id);
  if (read.state !== "DRAFT") return notMovable("submit", read.state);
  const frozen = await freezeCampaign(ctx, read);
  if (isRefusal(frozen)) return frozen;
  return withTransaction(ctx, async (tx) => {
    const now = await findCampaign(tx, input.id);
    if (now?.state === "DRAFT" && !Bun.deepEquals(now, read)) {
      return refuse.conflict("The campaign was changed meanwhile; submit it again.");
    }
    return move(tx, "submit", input, [
      keepFrozen(input.id, frozen),
      ...(input.launchWhenApproved ? [launchOnceApproved(input.id)] : []),
    ]);
  });
}

/** Submits a draft, inside the transaction that made and froze it: whoever approves it launches it. */
export async function submitToBeLaunched(tx: Context, campaign: Campaign, reason: string | undefined) {
  await tx.db.write([...moveCampaign(tx, "submit", campaign.id, reason), launchOnceApproved(campaign.id)]);
  return (await findCampaign(tx, campaign.id)) ?? campaign;
}

const launchOnceApproved = (id: number): Query => sql`UPDATE campaign SET launch_when_approved = 1 WHERE id = ${id}`;

/**
 * Approves the version of a campaign that was read, with the members that it was submitted with. FORBIDDEN to whoever
 * wrote any version of it, of its segment, coupon template or promotion, whichever token they come with; CONFLICT,
 * which says what changed, when that is not its version any more; INVALID_INPUT where its action cannot begin. One that
 * is to go on by itself is launched with it, and what launching would refuse is refused.
 */
export async function approveCampaign(ctx: Context, input: Command & { readonly version: string }) {
  const read = await findCampaign(ctx, input.id);
  if (!read) return refuse.notFound("campaign", input.id);
  if (read.state !== "IN_REVIEW") return notMovable("approve", read.state);
  // What was submitted before there were such things is frozen now.
  const late = read.frozen ? undefined : await freezeCampaign(ctx, read);
  if (isRefusal(late)) return late;
  const unfit = read.launchWhenApproved ? await unfitToLaunch(ctx, read) : undefined;
  if (unfit) return unfit;
  return withTransaction(ctx, async (tx) => {
    const campaign = (await findCampaign(tx, input.id)) ?? read;
    if (campaign.state !== "IN_REVIEW") return notMovable("approve", campaign.state);
    if (!(await mayApprove(tx, campaign))) {
      return refuse.forbidden(
        "A campaign is approved by someone who wrote neither it nor its segment, template or promotion.",
      );
    }
    const changes = await changesSince(tx, campaign, input.version);
    if (changes) return refuse.conflict(`That is not what it says any more: ${changes}. Read it again.`);
    const issues = await startIssues(tx, campaign);
    if (issues.length > 0) return refuse.invalid(issues);
    const approved = await move(tx, "approve", input, [
      sql`UPDATE campaign SET approver = ${describeActor(tx.actor)} WHERE id = ${input.id}`,
      ...(late ? [keepFrozen(input.id, late)] : []),
    ]);
    if (isRefusal(approved) || !approved.launchWhenApproved) return approved;
    return goLive(tx, approved, "it was to be launched once approved");
  });
}

/** Sends a campaign back to its author as a draft. */
export const rejectCampaign = (ctx: Context, input: Command) => move(ctx, "reject", input, [asDraft(input.id)]);

/** What was agreed to is agreed to no more. */
export const asDraft = (id: number): Query =>
  sql`UPDATE campaign SET frozen = NULL, approver = NULL, launch_when_approved = 0 WHERE id = ${id}`;
