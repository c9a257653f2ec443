import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { startIssues } from "../action/index.ts";
import { findCampaign } from "../draft/campaign.ts";
import { type Command, move } from "./move.ts";

/** Asks for review; a draft only. */
export const submitCampaign = (ctx: Context, input: Command) => move(ctx, "submit", input);

/** Approves a campaign in review; refused to its author, and where its action cannot begin. */
export async function approveCampaign(ctx: Context, input: Command) {
  const campaign = await findCampaign(ctx, input.id);
  if (campaign?.author === describeActor(ctx.actor)) {
    return refuse.forbidden("A campaign is approved by someone other than its author.");
  }
  const issues = campaign ? await startIssues(ctx, campaign) : [];
  if (campaign?.state === "IN_REVIEW" && issues.length > 0) return refuse.invalid(issues);
  const approver = describeActor(ctx.actor);
  const approved = await move(ctx, "approve", input, [
    sql`UPDATE campaign SET approver = ${approver} WHERE id = ${input.id}`,
  ]);
  return isRefusal(approved) ? approved : { ...approved, approver };
}

/** Sends a campaign back to its author as a draft. */
export const rejectCampaign = (ctx: Context, input: Command) => move(ctx, "reject", input);
