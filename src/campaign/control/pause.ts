import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { enqueue } from "../../queue/outbox.ts";
import { findCampaign } from "../draft/campaign.ts";
import { campaignStart } from "../messages.ts";
import { grownRuns, holdRun, stillAgreed } from "../run/hold.ts";
import { republishRun } from "../run/republish.ts";
import { type Command, move } from "./move.ts";

/**
 * Stops a campaign's sending. The commit is the stop: every page and batch asks the run's state in the transaction that
 * would go on, and messages that are still in the queue are acknowledged and dropped. Only calls that a provider is
 * answering already finish.
 */
export const pauseCampaign = (ctx: Context, input: Command) =>
  move(ctx, "pause", input, [sql`UPDATE run SET state = 'PAUSED' WHERE campaign = ${input.id} AND state = 'RUNNING'`]);

/**
 * Goes on with a paused campaign: publishes again what is left of its runs. Nobody is sent to twice. Runs that would
 * reach more than was agreed to wait for a second person instead, as they do when they begin.
 */
export async function resumeCampaign(ctx: Context, input: Command) {
  const paused = await findCampaign(ctx, input.id);
  const grown = paused?.state === "PAUSED" ? await grownRuns(ctx, paused) : [];
  if (isRefusal(grown)) return grown;
  return withTransaction(ctx, async (tx) => {
    const resumed = await move(tx, "resume", input, [
      ...grown.flatMap(({ run, review }) =>
        holdRun(tx, run, review, sql`state = 'PAUSED' AND ${stillAgreed(input.id, paused?.frozen ?? null)}`),
      ),
      sql`UPDATE run SET state = 'RUNNING' WHERE campaign = ${input.id} AND state = 'PAUSED'`,
    ]);
    if (isRefusal(resumed)) return resumed;
    const runs = await tx.db.all<{ id: number; state: string }>(sql`
      SELECT id, state FROM run WHERE campaign = ${input.id} AND state IN ('RUNNING', 'PENDING')`);
    for (const run of runs) await tx.db.write(republish(tx, run));
    return resumed;
  });
}

function republish(ctx: Context, run: { id: number; state: string }): Query[] {
  if (run.state === "PENDING") return [enqueue(ctx, [campaignStart.of({ run: run.id })])];
  return republishRun(ctx, run.id);
}
