import { sql } from "drizzle-orm";
import { channelNames, isExternal } from "../../channels/catalog.ts";
import { type Context, describeActor, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { enqueue, enqueueEach } from "../../queue/outbox.ts";
import { offerIssues } from "../action/coupon-offer.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { type Move, moveCampaign, moves } from "../draft/transitions.ts";
import { runCancelled, runsEnded } from "../events.ts";
import { campaignCancel, campaignPage, campaignPlan, campaignStart, channelSend } from "../messages.ts";
import { openBatches } from "../run/batch-window.ts";
import { completeRun } from "../run/completion.ts";

interface Command {
  readonly id: number;
  /** Why, in the operator's words; kept in the log. */
  readonly reason?: string | undefined;
}

/** Asks for review; a draft only. */
export const submitCampaign = (ctx: Context, input: Command) => move(ctx, "submit", input);

/** Approves a campaign in review; refused to its author, and where its coupon template gives nothing. */
export async function approveCampaign(ctx: Context, input: Command): Promise<Campaign | Refusal> {
  const campaign = await findCampaign(ctx, input.id);
  if (campaign?.author === describeActor(ctx.actor)) {
    return refuse.forbidden("A campaign is approved by someone other than its author.");
  }
  const issues = campaign ? await offerIssues(ctx, campaign) : [];
  if (campaign?.state === "IN_REVIEW" && issues.length > 0) return refuse.invalid(issues);
  const approver = describeActor(ctx.actor);
  const approved = await move(ctx, "approve", input, [
    sql`UPDATE campaign SET approver = ${approver} WHERE id = ${input.id}`,
  ]);
  return "author" in approved ? { ...approved, approver } : approved;
}

/** Sends a campaign back to its author as a draft. */
export const rejectCampaign = (ctx: Context, input: Command) => move(ctx, "reject", input);

/**
 * Stops a campaign's sending. The commit is the stop: every page and batch asks the run's state in the transaction that would go on,
 * and messages that are still in the queue are acknowledged and dropped. Only calls that a provider is answering already finish.
 */
export const pauseCampaign = (ctx: Context, input: Command) =>
  move(ctx, "pause", input, [sql`UPDATE run SET state = 'PAUSED' WHERE campaign = ${input.id} AND state = 'RUNNING'`]);

/** Goes on with a paused campaign: publishes again what is left of its runs, from pages and ledger. Nobody is sent to twice. */
export const resumeCampaign = (ctx: Context, input: Command) =>
  withTransaction(ctx, async (tx) => {
    const resumed = await move(tx, "resume", input, [
      sql`UPDATE run SET state = 'RUNNING' WHERE campaign = ${input.id} AND state = 'PAUSED'`,
    ]);
    const runs = await tx.db.all<{ id: number; state: string }>(sql`
      SELECT id, state FROM run WHERE campaign = ${input.id} AND state IN ('RUNNING', 'PENDING')`);
    if ("author" in resumed) for (const run of runs) await tx.db.write(republish(tx, run));
    return resumed;
  });

function republish(ctx: Context, run: { id: number; state: string }): Query[] {
  if (run.state === "PENDING") return [enqueue([campaignStart.of({ run: run.id })], ctx.clock())];
  return republishRun(ctx, run.id);
}

/** The messages that a running run needs to go on: its next planning step, its unwritten pages, its unfinished batches. */
export function republishRun(ctx: Context, run: number): Query[] {
  const now = ctx.clock();
  const id = sql`lower(hex(randomblob(16)))`;
  return [
    enqueueEach(
      campaignPlan,
      {
        id,
        payload: sql`json_object('run', id, 'from', planned_to)`,
        subject: sql`'plan/' || id || '/' || planned_to`,
      },
      sql`run WHERE id = ${run} AND planned = 0`,
      now,
    ),
    enqueueEach(
      campaignPage,
      {
        id,
        payload: sql`json_object('run', run, 'page', number)`,
        subject: sql`'page/' || run || '/' || number`,
        flow: "pages",
      },
      sql`page WHERE run = ${run} AND state <> 'WRITTEN' AND state = 'PLANNED'`,
      now,
    ),
    ...channelNames
      .filter(isExternal)
      .flatMap((channel) => [
        enqueueEach(
          channelSend,
          { id, payload: sql`json_object('batch', seq)`, subject: sql`'batch/' || seq`, flow: channel },
          sql`batch WHERE run = ${run} AND channel = ${channel} AND state <> 'DONE' AND state IN ('OPEN', 'FROZEN', 'TRIED')`,
          now,
        ),
        ...openBatches(ctx, run, channel, ctx.settings.batchWindow * 1000),
      ]),
    ...completeRun(run, now),
  ];
}

/**
 * Ends a campaign. Sending stops with the commit, as for a pause; then everyone not yet reached is marked CANCELLED, so that its runs
 * add up, and the runs end CANCELLED; those that never began end at once.
 */
export async function cancelCampaign(ctx: Context, input: Command): Promise<Campaign | Refusal> {
  return withTransaction(ctx, async (tx) => {
    const notBegun = sql`campaign = ${input.id} AND (state = 'PENDING' OR (state = 'FAILED' AND frozen IS NULL))`;
    const cancelled = await move(tx, "cancel", input, [
      runsEnded(notBegun, tx.clock(), runCancelled.type),
      sql`UPDATE run SET state = 'CANCELLED', completed_at = ${tx.clock()} WHERE ${notBegun}`,
      sql`UPDATE run SET state = 'CANCELLING' WHERE campaign = ${input.id} AND state IN ('RUNNING', 'PAUSED', 'FAILED')`,
      sql`
        UPDATE page SET state = 'PLANNED' WHERE state = 'PARKED'
          AND run IN (SELECT id FROM run WHERE campaign = ${input.id} AND state = 'CANCELLING')`,
    ]);
    if (!("author" in cancelled)) return cancelled;
    const runs = await tx.db.all<{ id: number }>(
      sql`SELECT id FROM run WHERE campaign = ${input.id} AND state = 'CANCELLING'`,
    );
    for (const { id } of runs) {
      await tx.db.write([enqueue([campaignCancel.of({ run: id })], tx.clock()), ...republishRun(tx, id)]);
    }
    return cancelled;
  });
}

async function move(ctx: Context, name: Move, input: Command, also: Query[] = []): Promise<Campaign | Refusal> {
  return withTransaction(ctx, async (tx) => {
    const results = await tx.db.write(moveCampaign(tx, name, input.id, input.reason));
    const campaign = await findCampaign(tx, input.id);
    if (!campaign) return refuse.notFound("campaign", input.id);
    if (results.at(-1)?.rowsAffected !== 1) {
      return refuse.wrongState(
        `${name} needs a campaign that is ${moves[name].from.join(" or ")}; this one is ${campaign.state}.`,
        campaign.state,
      );
    }
    await tx.db.write(also);
    return campaign;
  });
}
