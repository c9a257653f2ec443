import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { csvFault, digestOf, type ImportFile, recordsOf } from "../../member/import-file.ts";
import { templateChanged } from "../template/template-changed.ts";
import { type CodeRow, codeColumn, readCodeRow } from "./code-row.ts";
import { type CodeRowFault, findPool, insertPool, keptFaults, refuseCodes, takesNoPool } from "./pool.ts";
import type { CodePool } from "./pool-table.ts";

/** Rows that are written together: bounds for how long the database is busy. */
const chunkSize = 2_000;

/**
 * Makes a pool of the codes in a file: one a line, or a CSV whose header names a column `code`. Some thousand rows at a
 * time are written together with how far it has come, and the stock follows; after a crash the same file goes on where
 * it stopped. Rows that give no code – malformed, too short or long, or there already in any pool or coupon – are
 * counted and named by their lines. A file that stops being CSV ends as FAILED before that place. Refuses templates
 * that take no pool, a file that is just being uploaded, and (NEEDS_APPROVAL) what of it is more than one person may
 * add to a live template: once another has approved of so many codes, the same file goes on there.
 */
export async function uploadCodes(ctx: Context, template: number, file: ImportFile) {
  const refused = await takesNoPool(ctx, template);
  if (refused) return refused;
  let pool = await beginUpload(ctx, template, file);
  const records = recordsOf(file);
  try {
    for await (const chunk of chunksOf(records, pool.rows)) {
      const next = await writeChunk(ctx, pool, chunk);
      if (isRefusal(next)) return next;
      pool = next;
      await templateChanged(ctx, template);
    }
    return await endUpload(ctx, pool, "READY");
  } catch (error) {
    const fault = csvFault(error);
    if (!fault) throw error;
    return await endUpload(ctx, pool, "FAILED", [{ line: fault.row, reason: "NOT_CSV" }]);
  } finally {
    await records.return(undefined);
  }
}

/** Goes on with the unfinished upload of this very file, or begins one. */
async function beginUpload(ctx: Context, template: number, file: ImportFile): Promise<CodePool> {
  const digest = await digestOf(file, { template });
  return ctx.db.transaction(async (db) => {
    const tx = { ...ctx, db };
    const open = await db.first<{ id: number }>(
      sql`SELECT id FROM code_pool WHERE digest = ${digest} AND state = 'FILLING'`,
    );
    const pool = open && (await findPool(tx, open.id));
    if (pool && !isRefusal(pool)) return pool;
    return insertPool(tx, { template, source: "UPLOADED", file: file.name, digest });
  });
}

interface Chunk {
  readonly rows: readonly CodeRow[];
  /** Rows of the file up to its end. */
  readonly upTo: number;
}

/** The rows of a file after the first `done`, some thousand at a time. */
async function* chunksOf(records: AsyncIterable<readonly string[]>, done: number): AsyncGenerator<Chunk> {
  let column = 0;
  let line = 0;
  let chunk: CodeRow[] = [];
  for await (const record of records) {
    line++;
    const header = line === 1 ? codeColumn(record) : undefined;
    if (header !== undefined) column = header;
    if (line <= done) continue;
    chunk.push(header === undefined ? readCodeRow(record[column] ?? "", line) : { kind: "blank", line });
    if (chunk.length === chunkSize) {
      yield { rows: chunk, upTo: line };
      chunk = [];
    }
  }
  if (chunk.length > 0) yield { rows: chunk, upTo: line };
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
