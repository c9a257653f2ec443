import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { startDistribution } from "../../src/distribution/control.ts";
import { type Distribution, findDistribution } from "../../src/distribution/distribution.ts";
import { issueBatch } from "../../src/distribution/issue.ts";
import {
  distributionBatch,
  distributionNotice,
  distributionRead,
  distributionWithdraw,
} from "../../src/distribution/messages.ts";
import { readFile } from "../../src/distribution/read.ts";
import type { Outcome } from "../../src/distribution/table.ts";
import { tellThose } from "../../src/distribution/tell.ts";
import { type UploadFacts, uploadDistribution } from "../../src/distribution/upload.ts";
import { withdrawStretch } from "../../src/distribution/withdraw.ts";
import type { Message } from "../../src/queue/message.ts";
import { couponFaults } from "./issue.ts";
import { accepted } from "./shop.ts";

/** A file of this text or these bytes. */
export function fileOf(content: string | Uint8Array<ArrayBuffer>, name = "members.csv") {
  return { name, content: new Blob([content]) };
}

/** Uploads a file and has it read to its end, as the queue does. */
export async function checked(
  ctx: Context,
  content: string | Uint8Array<ArrayBuffer>,
  facts: UploadFacts,
): Promise<Distribution> {
  const { id } = accepted(await uploadDistribution(ctx, fileOf(content), facts));
  return read(ctx, id);
}

export async function read(ctx: Context, id: number): Promise<Distribution> {
  const before = accepted(await findDistribution(ctx, id));
  await readFile(ctx, { distribution: id, from: before.readTo });
  return accepted(await findDistribution(ctx, id));
}

/** Starts it and has all batches issued, as the queue does. */
export async function issued(ctx: Context, id: number): Promise<Distribution> {
  accepted(await startDistribution(ctx, { id }));
  await issueOpen(ctx, id);
  return accepted(await findDistribution(ctx, id));
}

export async function issueOpen(ctx: Context, id: number): Promise<void> {
  const open = await ctx.db.all<{ number: number }>(sql`
    SELECT DISTINCT (to_row - 1) / 5000 AS number FROM distribution_block
    WHERE distribution = ${id} AND state <> 'DONE' ORDER BY number`);
  for (const { number } of open) await issueBatch(ctx, { distribution: id, batch: number });
}

/** Its counts without those that are 0, e.g. `{ ISSUED: 2 }`. */
export function told({ counts }: Distribution, which: "predicted" | "ended"): Partial<Record<Outcome, number>> {
  return Object.fromEntries(counts.filter((count) => count[which] > 0).map((count) => [count.outcome, count[which]]));
}

export interface ToldRow {
  readonly row: number;
  readonly outcome: Outcome;
  readonly cause: string | null;
  readonly column: number | null;
  readonly message: string | null;
  readonly other: number | null;
}

export function rowsOf(ctx: Context, id: number): Promise<ToldRow[]> {
  return ctx.db.all<ToldRow>(sql`
    SELECT row, outcome, cause, "column", message, other_row AS other FROM distribution_left_out
    WHERE distribution = ${id}
    UNION ALL SELECT row, 'ISSUED', NULL, NULL, NULL, NULL FROM distribution_given WHERE distribution = ${id}
    ORDER BY row`);
}

/** Does the work of a message, as its job does. */
export async function handled(ctx: Context, { name, payload }: Message): Promise<void> {
  if (name === distributionRead.name) await readFile(ctx, distributionRead.schema.parse(payload));
  else if (name === distributionBatch.name) await issueBatch(ctx, distributionBatch.schema.parse(payload));
  else if (name === distributionNotice.name) await tellThose(ctx, distributionNotice.schema.parse(payload));
  else await withdrawStretch(ctx, distributionWithdraw.schema.parse(payload));
}

/** The same in any order. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const left = [...list];
  for (let i = left.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [left[i], left[j]] = [left[j] as T, left[i] as T];
  }
  return left;
}

/** Everything that does not add up about a distribution that has ended, a sentence each. */
export async function faultsOfDistribution(ctx: Context, id: number): Promise<string[]> {
  const { rows, counts, template, state } = accepted(await findDistribution(ctx, id));
  const told = await rowsOf(ctx, id);
  const numbers = new Set(told.map(({ row }) => row));
  const by = Map.groupBy(told, ({ outcome }) => outcome);
  const source = `distribution/${id}/`;
  const found = await ctx.db.first<{ coupons: number; strange: number; twice: number; open: number }>(sql`
    WITH mine AS (SELECT * FROM coupon WHERE template = ${template} AND source GLOB ${`${source}*`})
    SELECT (SELECT count(*) FROM mine) AS coupons,
      (SELECT count(*) FROM distribution_given g WHERE g.distribution = ${id} AND NOT EXISTS (
        SELECT 1 FROM mine c WHERE c.member = g.member AND c.source = ${source} || g.block)) AS strange,
      (SELECT count(*) FROM (SELECT 1 FROM mine GROUP BY member HAVING count(*) > 1)) AS twice,
      (SELECT count(*) FROM distribution_block WHERE distribution = ${id} AND state <> 'DONE') AS open`);
  const { coupons = 0, strange = 0, twice = 0, open = 0 } = found ?? {};
  const issued = by.get("ISSUED")?.length ?? 0;
  return [
    ...(state === "COMPLETED" ? [] : [`it is ${state}`]),
    ...(numbers.size === told.length ? [] : ["rows have two outcomes"]),
    ...(told.length === rows ? [] : [`${told.length} of ${rows} rows have an outcome`]),
    ...counts.flatMap(({ outcome, ended }) =>
      ended === (by.get(outcome)?.length ?? 0) ? [] : [`${ended} rows are counted as ${outcome}`],
    ),
    ...(coupons === issued ? [] : [`${coupons} coupons for ${issued} rows`]),
    ...(strange === 0 ? [] : [`${strange} rows gave a coupon that is not there`]),
    ...(twice === 0 ? [] : [`${twice} members have two`]),
    ...(open === 0 ? [] : [`${open} blocks are not done`]),
    ...(await couponFaults(ctx.db)),
  ];
}
