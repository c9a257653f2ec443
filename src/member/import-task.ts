import { asc, desc, eq, inArray, lt, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { inOrder } from "../db/in-order.ts";
import type { Query } from "../db/statement.ts";
import type { Survey } from "../file/survey.ts";
import { auditOperator, subjectOf } from "../transition/audit.ts";
import type { WrittenOutcome } from "./arriving.ts";
import type { Chunk, ImportFault } from "./import-rows.ts";
import { importFault, importTask } from "./table.ts";

/** How many faults of a file are kept; all are counted. */
export const keptFaults = 1_000;

/**
 * One import: how far it has come, and what became of the rows. `rows` = created + updated + unchanged + faulty +
 * blank.
 */
export type ImportTask = typeof importTask.$inferSelect;

/** Goes on with the unfinished import of this very file, or begins one. */
export async function beginImport(
  ctx: Context,
  name: string,
  { digest, encoding, isGuessed }: Survey,
): Promise<ImportTask> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`INSERT OR IGNORE INTO import_task (name, digest, state, encoding, encoding_guessed, started_at, updated_at)
        VALUES (${name}, ${digest}, 'running', ${encoding}, ${Number(isGuessed)}, ${now}, ${now})`,
  ]);
  const open = sql`${importTask.digest} = ${digest} AND ${importTask.state} = 'running'`;
  const [task] = await ctx.db.orm.select().from(importTask).where(open);
  if (!task) throw new Error("an import ended before it began");
  return task;
}

/** The statement that claims the rows of a chunk; it changes nothing where somebody else went on meanwhile. */
export function advanceImport({ id, rows: done }: ImportTask, chunk: Chunk): Query {
  return sql`
    UPDATE import_task SET rows = ${done + chunk.rows} WHERE id = ${id} AND rows = ${done} AND state = 'running'`;
}

/** Counts what became of a chunk and keeps its faults. */
export async function countImport(
  ctx: Context,
  task: ImportTask,
  { rows: read, faults }: Chunk,
  outcomes: readonly WrittenOutcome[],
): Promise<ImportTask> {
  const count = (kind: WrittenOutcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const next: ImportTask = {
    ...task,
    rows: task.rows + read,
    created: task.created + count("created"),
    updated: task.updated + count("updated"),
    unchanged: task.unchanged + count("unchanged"),
    faulty: task.faulty + new Set(faults.map(({ row }) => row)).size,
    faults: task.faults + faults.length,
    updatedAt: ctx.clock(),
  };
  const { id, created, updated, unchanged, faulty, updatedAt } = next;
  await ctx.db.write([
    sql`UPDATE import_task SET created = ${created}, updated = ${updated}, unchanged = ${unchanged}, faulty = ${faulty},
        faults = ${next.faults}, updated_at = ${updatedAt} WHERE id = ${id}`,
    ...keeping(task, faults),
  ]);
  return next;
}

/** Ends an import, with the faults that ended it. */
export async function endImport(
  ctx: Context,
  task: ImportTask,
  state: "done" | "failed",
  faults: readonly ImportFault[] = [],
): Promise<ImportTask> {
  const ended = { ...task, state, faults: task.faults + faults.length, updatedAt: ctx.clock() };
  await ctx.db.write([
    sql`UPDATE import_task SET state = ${state}, faults = ${ended.faults}, updated_at = ${ended.updatedAt}
        WHERE id = ${task.id} AND state = 'running'`,
    ...auditOperator(ctx, subjectOf("import", task.id), endedAs(ended), sql`changes() > 0`),
    ...keeping(task, faults, 1),
  ]);
  return ended;
}

function endedAs({ state, created, updated, unchanged, faulty }: ImportTask): string {
  return `${state}: ${created} created, ${updated} updated, ${unchanged} unchanged, ${faulty} faulty`;
}

/** The statement that keeps faults, up to {@link keptFaults}; what ends an import is kept in any case. */
function keeping(task: ImportTask, faults: readonly ImportFault[], atLeast = 0): Query[] {
  const kept = faults.slice(0, Math.max(atLeast, keptFaults - task.faults));
  if (kept.length === 0) return [];
  return [
    sql`INSERT INTO import_fault (task, row, "column", message)
        SELECT ${task.id}, ${field("row")}, ${field("column")}, ${field("message")} FROM ${rows(kept)}`,
  ];
}

/** The imports of these ids in the order asked, with `undefined` for those that are not there. */
export async function importsById(ctx: Context, ids: readonly number[]): Promise<(ImportTask | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(importTask)
    .where(inArray(importTask.id, [...ids]));
  return inOrder(ids, found);
}

/** A page of imports, the newest first. */
export function listImports(
  ctx: Context,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<ImportTask[]> {
  return ctx.db.orm
    .select()
    .from(importTask)
    .where(lt(importTask.id, page.after ?? Number.MAX_SAFE_INTEGER))
    .orderBy(desc(importTask.id))
    .limit(page.limit);
}

/** The first faults of an import, at most {@link keptFaults}. */
export function importFaults(ctx: Context, task: number, limit = keptFaults): Promise<ImportFault[]> {
  const { row, column, message } = importFault;
  return ctx.db.orm
    .select({ row, column, message })
    .from(importFault)
    .where(eq(importFault.task, task))
    .orderBy(asc(importFault.id))
    .limit(limit);
}
