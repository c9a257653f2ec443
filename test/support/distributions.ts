import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { startDistribution } from "../../src/distribution/control.ts";
import { type Distribution, findDistribution } from "../../src/distribution/distribution.ts";
import { issueBatch } from "../../src/distribution/issue.ts";
import { readFile } from "../../src/distribution/read.ts";
import type { Outcome } from "../../src/distribution/table.ts";
import { type UploadFacts, uploadDistribution } from "../../src/distribution/upload.ts";
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
