import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { isRefusal, refuse } from "../../errors.ts";
import type { FileEnd, NamedFile, RowBatch } from "../../file/file.ts";
import type { Survey } from "../../file/survey.ts";
import { openTable } from "../../file/table.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { templateChanged } from "../template/template-changed.ts";
import { type CodeRow, codeColumn, readCodeRow } from "./code-row.ts";
import { type CodeRowFault, findPool, insertPool, keptFaults, refuseCodes, takesNoPool } from "./pool.ts";
import type { CodePool } from "./pool-table.ts";
import { forgetUploaded } from "./uploaded.ts";

/** Rows that are written together: bounds for how long the database is busy. */
const chunkSize = 2_000;

/**
 * Makes a pool of the codes in a file: one a line, or a CSV or a workbook whose header names a column `code`. Some
 * thousand rows at a time are written together with how far it has come, and the stock follows; after a crash the same
 * file goes on where it stopped. Rows that give no code – malformed, too short or long, no CSV, or there already in
 * any pool or coupon – are counted and named by their lines. A file of more rows than one may have, or damaged from
 * somewhere on, ends as FAILED there. Refuses templates that take no pool, what is no text or of an unknown encoding,
 * a file that is being uploaded, and (NEEDS_APPROVAL) what of it is more than one person may add to a live template:
 * once another has approved of so many codes, the same file goes on there.
 */
export async function uploadCodes(ctx: Context, template: number, file: NamedFile, encoding?: string) {
  const refused = await takesNoPool(ctx, template);
  if (refused) return refused;
  const salt = `${JSON.stringify({ template })}\n`;
  const table = await openTable(file, { timers: ctx.timers, width: "any", encoding, salt });
  if (isRefusal(table)) return table;
  try {
    let pool = await beginUpload(ctx, template, file.name, table);
    forgetUploaded(ctx);
    for await (const chunk of chunksOf(table.rows, pool.rows)) {
      const next = await writeChunk(ctx, pool, chunk);
      if (isRefusal(next)) return next;
      pool = next;
      await templateChanged(ctx, template);
      if (chunk.end)
        return await endUpload(ctx, pool, "FAILED", [{ line: chunk.end.row, reason: reasons[chunk.end.why] }]);
    }
    return await endUpload(ctx, pool, "READY");
  } finally {
    await table.rows.return(undefined);
  }
}

const reasons = { full: "TOO_MANY_ROWS", damaged: "DAMAGED" } as const;

/** Goes on with the unfinished upload of this very file, or begins one. */
async function beginUpload(
  ctx: Context,
  template: number,
  name: string,
  { digest, encoding, isGuessed }: Survey,
): Promise<CodePool> {
  return ctx.db.transaction(async (db) => {
    const tx = { ...ctx, db };
    const open = await db.first<{ id: number }>(
      sql`SELECT id FROM code_pool WHERE digest = ${digest} AND state = 'FILLING'`,
    );
    const pool = open && (await findPool(tx, open.id));
    if (pool && !isRefusal(pool)) return pool;
    const facts = { template, file: name, digest, encoding, encodingGuessed: isGuessed };
    return insertPool(tx, { ...facts, source: "UPLOADED" });
  });
}

interface Chunk {
  readonly rows: readonly CodeRow[];
  /** Rows of the file up to its end. */
  readonly upTo: number;
  /** Why nothing after it is read. */
  readonly end?: FileEnd | undefined;
}

/** The rows of a file after the first `done`, some thousand at a time. */
async function* chunksOf(batches: AsyncIterable<RowBatch>, done: number): AsyncGenerator<Chunk> {
  let column: number | undefined;
  let chunk: CodeRow[] = [];
  let [written, last] = [done, done];
  for await (const { rows, upTo, end } of batches) {
    for (const each of rows) {
      const header = column === undefined && "cells" in each ? codeColumn(each.cells) : undefined;
      column ??= header ?? 0;
      if (each.row <= done || header !== undefined) continue;
      chunk.push("fault" in each ? notCsv(each.row) : readCodeRow(each.cells[column] ?? "", each.row));
      if (chunk.length < chunkSize) continue;
      written = each.row;
      yield { rows: chunk, upTo: written };
      chunk = [];
    }
    last = Math.max(upTo, done);
    if (end) yield { rows: chunk, upTo, end };
  }
  if (last > written) yield { rows: chunk, upTo: last };
}

function notCsv(line: number): CodeRow {
  return { kind: "fault", line, reason: "NOT_CSV" };
}

/**
 * Writes a chunk and its progress, both or neither; the progress first, so that of two uploads of one file one stops.
 */
function writeChunk(ctx: Context, pool: CodePool, chunk: Chunk) {
  return withTransaction(ctx, async (tx) => {
    const [turn] = await tx.db.write([
      sql`
        UPDATE code_pool SET rows = ${chunk.upTo}
        WHERE id = ${pool.id} AND rows = ${pool.rows} AND state = 'FILLING'`,
    ]);
    if (turn?.rowsAffected !== 1) {
      return refuse.conflict("This upload was cancelled, or someone else is sending the same file.");
    }
    const { taken, faults } = await take(tx, pool, chunk.rows);
    const raised = await refuseCodes(tx, pool.template, taken);
    if (raised) return raised;
    await tx.db.write([
      sql`
        UPDATE code_pool SET made = made + ${taken}, refused = refused + ${faults.length}, updated_at = ${tx.clock()}
        WHERE id = ${pool.id}`,
      ...keeping(pool, faults),
    ]);
    return findPool(tx, pool.id);
  });
}

/** Inserts the codes of these rows that are nowhere yet. */
async function take(
  ctx: Context,
  { id, template }: CodePool,
  all: readonly CodeRow[],
): Promise<{ taken: number; faults: CodeRowFault[] }> {
  const first = new Map<string, Extract<CodeRow, { kind: "code" }>>();
  for (const row of all) if (row.kind === "code" && !first.has(row.key)) first.set(row.key, row);
  const fresh = [...first.values()];
  const [inserted] = await ctx.db.write([
    sql`
      INSERT INTO pool_code (code, template, pool)
      SELECT ${field("code")}, ${template}, ${id} FROM ${rows(fresh)}
      WHERE NOT EXISTS (SELECT 1 FROM coupon c WHERE c.code = ${field("code")})
      ON CONFLICT DO NOTHING RETURNING key`,
  ]);
  const keys = new Set(inserted?.rows.map(({ key }) => key));
  const faults = all.flatMap((row): CodeRowFault[] => {
    if (row.kind === "fault") return [{ line: row.line, reason: row.reason }];
    const isTaken = row.kind === "blank" || (keys.has(row.key) && first.get(row.key) === row);
    return isTaken ? [] : [{ line: row.line, reason: "DUPLICATE" }];
  });
  return { taken: keys.size, faults };
}

/** The statement that keeps faults, up to {@link keptFaults}; what ends an upload is kept in any case. */
function keeping({ id, refused }: CodePool, faults: readonly CodeRowFault[], atLeast = 0) {
  const kept = faults.slice(0, Math.max(atLeast, keptFaults - refused));
  if (kept.length === 0) return [];
  return [
    sql`
      INSERT INTO code_pool_fault (pool, line, reason)
      SELECT ${id}, ${field("line")}, ${field("reason")} FROM ${rows(kept)}`,
  ];
}

async function endUpload(
  ctx: Context,
  pool: CodePool,
  state: "READY" | "FAILED",
  faults: readonly CodeRowFault[] = [],
) {
  await ctx.db.write([
    sql`
      UPDATE code_pool SET state = ${state}, wanted = made, refused = refused + ${faults.length},
        updated_at = ${ctx.clock()}
      WHERE id = ${pool.id} AND state = 'FILLING'`,
    ...auditOperator(
      ctx,
      subjectOf("code-pool", pool.id),
      `ended the upload, ${state}: ${pool.made} codes taken, ${pool.refused + faults.length} rows refused`,
      sql`changes() > 0`,
    ),
    ...keeping(pool, faults, faults.length),
  ]);
  const { id, made, refused, createdBy } = pool;
  ctx.log("info", "pool.uploaded", {
    pool: id,
    count: made,
    result: state,
    fault: refused + faults.length,
    actor: createdBy,
  });
  return findPool(ctx, id);
}
