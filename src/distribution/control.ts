import { type SQL, sql } from "drizzle-orm";
import { describeActor, identityOf } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { isRefusal, refuse } from "../errors.ts";
import type { Message } from "../queue/message.ts";
import { enqueue, enqueueEach } from "../queue/outbox.ts";
import { auditDeed, auditTransition, subjectOf } from "../transition/audit.ts";
import { type Approval, type Distribution, endedRows, findDistribution, readDistributions } from "./distribution.ts";
import { givenByFile } from "./giving.ts";
import { complete } from "./issue.ts";
import { distributionBatch, distributionNotice, distributionRead, distributionWithdraw, flowOf } from "./messages.ts";
import { batchRows } from "./rows.ts";
import { distributionSettings } from "./settings.ts";
import type { DistributionState } from "./table.ts";
import { lostNotices } from "./tell.ts";
import { isWithdrawing } from "./withdraw.ts";

interface Command {
  readonly id: number;
  /** Why; kept in its history. */
  readonly reason?: string | undefined;
}

interface Move extends Command {
  readonly from: readonly DistributionState[];
  readonly to: DistributionState;
  /** What keeps it from that, asked in the transaction. */
  readonly unfit?: (distribution: Distribution) => ReturnType<typeof refuse.wrongState> | undefined;
  /** What else is done, behind the change. */
  readonly more: (tx: Context, distribution: Distribution) => readonly Query[];
}

/**
 * Begins to issue what was checked. Refusals: NOT_FOUND, WRONG_STATE unless it is READY, NEEDS_APPROVAL where it may
 * give more coupons than one person may, until another has approved of so many. It may give one to each row that names
 * a member or might by then, whatever speaks against it now, except to the second row of a member and to whom its chain
 * gave one.
 */
export function startDistribution(ctx: Context, command: Command) {
  return withTransaction(ctx, async (tx) => {
    const found = await findDistribution(tx, command.id);
    if (isRefusal(found)) return found;
    const template = await givenByFile(tx, found.template);
    if (isRefusal(template)) return template;
    const tooLarge = found.state === "READY" ? refuseAlone(tx, found) : undefined;
    if (tooLarge) return tooLarge;
    const now = tx.clock();
    return move(tx, {
      ...command,
      from: ["READY"],
      to: "RUNNING",
      more: (_, { id }) => [
        sql`UPDATE distribution SET started_at = ${now}, since_at = ${now}, since_rows = 0 WHERE id = ${id}`,
        publish(tx, id),
        ...complete(tx, id, now),
      ],
    });
  });
}

function refuseAlone(ctx: Context, { mayIssue, approval }: Distribution) {
  const { approvalSize } = distributionSettings.of(ctx);
  if (approvalSize === null || mayIssue <= Math.max(approvalSize, approval?.coupons ?? 0)) return undefined;
  return refuse.needsApproval(
    `It may give up to ${mayIssue} coupons: another operator has to approve that (approveDistribution).`,
    approvalSize,
  );
}

/** The batches that are not done, as a query of `distribution` and `batch`. */
const openBatches = (which: SQL) => sql`
  SELECT DISTINCT distribution, (to_row - 1) / ${batchRows} AS batch
  FROM distribution_block INDEXED BY distribution_block_open
  WHERE ${which} AND state <> 'DONE' ORDER BY distribution, batch`;

/** The batches of a distribution that are not done, by their numbers, in order. */
export async function openBatchesOf(ctx: Context, id: number): Promise<number[]> {
  const open = await ctx.db.all<{ batch: number }>(openBatches(sql`distribution = ${id}`));
  return open.map(({ batch }) => batch);
}

/** A message for each batch that is not done. */
function publish(ctx: Context, id: number): Query {
  return enqueueEach(
    ctx,
    distributionBatch,
    {
      key: sql`batch`,
      payload: sql`json_object('distribution', distribution, 'batch', batch)`,
      subject: sql`'distribution/' || distribution || '/batch/' || batch`,
      flow: flowOf(id),
    },
    sql`(${openBatches(sql`distribution = ${id}`)})`,
  );
}

/** Stops issuing until it is resumed; what has been issued stays so, and is said by the counts. */
export const pauseDistribution = (ctx: Context, command: Command) =>
  withTransaction(ctx, (tx) => move(tx, { ...command, from: ["RUNNING"], to: "PAUSED", more: () => [] }));

/** Goes on where it was paused, or with what the queue had given up. */
export const resumeDistribution = (ctx: Context, command: Command) =>
  withTransaction(ctx, (tx) =>
    move(tx, {
      ...command,
      from: ["PAUSED"],
      to: "RUNNING",
      unfit: (distribution) =>
        isWithdrawing(distribution)
          ? refuse.wrongState("Its coupons are being taken back; go on with it when that is done.", distribution.state)
          : undefined,
      more: (_, distribution) => [
        sql`
          UPDATE distribution SET fault = NULL, since_at = ${tx.clock()}, since_rows = ${endedRows(distribution)}
          WHERE id = ${distribution.id}`,
        publish(tx, distribution.id),
      ],
    }),
  );

/**
 * Ends it for good: nothing is issued once it answers, and its counts say what was. Rows that were not reached stay as
 * they were predicted.
 */
export const cancelDistribution = (ctx: Context, command: Command) =>
  withTransaction(ctx, (tx) =>
    move(tx, {
      ...command,
      from: ["UPLOADED", "VALIDATING", "READY", "RUNNING", "PAUSED"],
      to: "CANCELLED",
      more: (_, { id, notice, startedAt }) => [
        sql`UPDATE distribution SET completed_at = ${tx.clock()} WHERE id = ${id}`,
        ...(notice && startedAt !== null ? [enqueue(tx, [distributionNotice.of({ distribution: id })])] : []),
      ],
    }),
  );

/**
 * Lets somebody else start a distribution of up to so many coupons as it may give. FORBIDDEN to whoever uploaded it,
 * with whichever token; WRONG_STATE unless it is READY.
 */
export function approveDistribution(ctx: Context, { id, reason }: Command) {
  return withTransaction(ctx, async (tx) => {
    const found = await findDistribution(tx, id);
    if (isRefusal(found)) return found;
    if (found.state !== "READY") return refuse.wrongState(`This distribution is ${found.state}.`, found.state);
    if (found.author === identityOf(tx.actor))
      return refuse.forbidden("A distribution is approved by someone who did not upload it.");
    const coupons = found.mayIssue;
    const approval: Approval = { actor: describeActor(tx.actor), at: tx.clock(), coupons };
    await tx.db.write([
      sql`UPDATE distribution SET approval = ${JSON.stringify(approval)} WHERE id = ${id}`,
      auditDeed(tx, subjectOf("distribution", id), `approved of up to ${coupons} coupons`, sql`1`, reason ?? null),
    ]);
    return { ...found, approval };
  });
}

async function move(tx: Context, { id, reason, from, to, unfit, more }: Move) {
  const found = await findDistribution(tx, id);
  if (isRefusal(found)) return found;
  if (!from.includes(found.state))
    return refuse.wrongState(`This distribution is ${found.state}; it must be ${from.join(" or ")}.`, found.state);
  const refused = unfit?.(found);
  if (refused) return refused;
  const where = sql`id = ${id}`;
  await tx.db.write([
    auditTransition(tx, { noun: "distribution", table: sql`distribution`, where, to, reason }),
    sql`UPDATE distribution SET state = ${to}, updated_at = ${tx.clock()} WHERE ${where}`,
    ...more(tx, found),
  ]);
  tx.log("info", "distribution.moved", { distribution: id, result: to, actor: describeActor(tx.actor) });
  return findDistribution(tx, id);
}

/** The messages that distributions need to go on, or to tell of what they gave, of those still since a time (ms). */
export async function openDistributions(ctx: Context, before: number): Promise<Message[]> {
  const open = await readDistributions(
    ctx,
    sql`state IN ('UPLOADED', 'VALIDATING', 'RUNNING') AND updated_at < ${before} LIMIT 100`,
  );
  const reads = open.filter(({ state }) => state !== "RUNNING");
  const ids = JSON.stringify(open.filter(({ state }) => state === "RUNNING").map(({ id }) => id));
  const batches = await ctx.db.all<{ distribution: number; batch: number }>(
    sql`${openBatches(sql`distribution IN (SELECT value FROM json_each(${ids}))`)} LIMIT 1000`,
  );
  const withdrawals = await ctx.db.all<{ id: number; to: number }>(sql`
    SELECT id, withdraw_to AS "to" FROM distribution INDEXED BY distribution_withdrawing
    WHERE withdraw_to < read_to AND updated_at < ${before} LIMIT 100`);
  return [
    ...reads.map(({ id, readTo }) => distributionRead.of({ distribution: id, from: readTo })),
    ...batches.map((batch) => distributionBatch.of(batch, { flow: flowOf(batch.distribution) })),
    ...(await lostNotices(ctx, before)),
    ...withdrawals.map(({ id, to }) => distributionWithdraw.of({ distribution: id, from: to })),
  ];
}
