import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { auditTransition } from "../../transition/audit.ts";
import { boundOf } from "../approval/growth.ts";
import { mayApprove } from "../approval/subjects.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import type { FrozenCampaign, RunReview } from "../frozen-campaign.ts";
import { republishRun } from "../run/republish.ts";
import { findRun, type Run } from "../run/run.ts";
import { armRun } from "../run/start.ts";
import type { RunState } from "../state.ts";

/** Which run, and how many members of it the approver read. */
export interface RunApproval {
  readonly id: number;
  readonly members: number;
  readonly reason?: string | undefined;
}

/**
 * Lets a run go on that waits because it would reach more than was agreed to: so many members, from now on. FORBIDDEN
 * to whoever wrote any of its campaign, CONFLICT when it is not that number any more; WRONG_STATE for a run that does
 * not wait.
 */
export function approveRun(ctx: Context, input: RunApproval) {
  const { id, members } = input;
  return withTransaction(ctx, async (tx) => {
    const run = await findRun(tx, id);
    const campaign = run && (await findCampaign(tx, run.campaign));
    if (!run || !campaign) return refuse.notFound("run", id);
    const { review } = run;
    if (run.state !== "IN_REVIEW" || !review) {
      return refuse.wrongState(`Only a run in review is approved; this one is ${run.state}.`, run.state);
    }
    if (!(await mayApprove(tx, campaign))) {
      return refuse.forbidden(
        "A run is approved by someone who wrote neither its campaign nor its segment, template or promotion.",
      );
    }
    if (review.members !== members) {
      return refuse.conflict(`It would reach ${review.members} members now: read it again, and approve that number.`);
    }
    await agree(tx, campaign, review);
    await goOn(tx, run, campaign, input);
    return (await findRun(tx, id)) ?? refuse.notFound("run", id);
  });
}

/** From now on so many members are what was agreed to, and the template as it was when the run was held. */
async function agree(tx: Context, { id, frozen }: Campaign, review: RunReview): Promise<void> {
  if (!frozen) throw new Error(`campaign ${id} has a run in review and nothing that was agreed to`);
  const { members, templateVersion } = review;
  const agreed: FrozenCampaign = { ...frozen, members, templateVersion, at: tx.clock() };
  await tx.db.write([
    sql`
      UPDATE campaign SET frozen = ${JSON.stringify(agreed)}, approver = ${describeActor(tx.actor)},
        updated_at = ${tx.clock()}
      WHERE id = ${id}`,
  ]);
}

/** A run that had begun goes on as its campaign does; one that had not begins, which counts once more. */
async function goOn(tx: Context, run: Run, { state }: Campaign, { members, reason }: RunApproval): Promise<void> {
  const begun = run.startedAt !== null;
  const atMost = boundOf(tx, { members, approver: describeActor(tx.actor) });
  const to: RunState = begun ? (state === "PAUSED" ? "PAUSED" : "RUNNING") : "PENDING";
  await tx.db.write([
    auditTransition(tx, { noun: "run", table: sql`run`, where: sql`id = ${run.id}`, to, reason }),
    sql`UPDATE run SET state = ${to}, at_most = ${atMost} WHERE id = ${run.id}`,
    ...(to === "RUNNING" ? republishRun(tx, run.id) : []),
    ...(to === "PENDING" ? armRun(tx, run.id, run.dueAt) : []),
  ]);
}
