import { describeActor } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { type NamedFile, placeOf } from "../file/file.ts";
import { headed, openTable } from "../file/table.ts";
import { auditOperator, subjectOf } from "../transition/audit.ts";
import { askingWhoIsThere, upsertKnowing } from "./arriving.ts";
import { columnsOf } from "./import-columns.ts";
import { type Chunk, chunksOf } from "./import-rows.ts";
import { advanceImport, beginImport, countImport, endImport, type ImportTask } from "./import-task.ts";
import { keptFromOrders, spendCurrency } from "./total-spend.ts";
import { upsertLimit } from "./upsert.ts";

export interface ImportOptions {
  /** Fields of headings that are not named after one, and `-` for what is not to be imported. */
  readonly names?: Readonly<Record<string, string>>;
  /** The name of the file's encoding, where it is known; it is told apart otherwise. */
  readonly encoding?: string | undefined;
  /** Told after every chunk that was committed. */
  readonly onProgress?: (task: ImportTask) => void;
}

/**
 * Imports members from a CSV or XLSX file: its header names fields of a member item, empty cells say nothing, lists
 * are separated by `|`. A thousand rows at a time are written together with how far it has come: after a crash the
 * same file goes on where it stopped. A faulty row is counted and left out; a file of more rows than one may have, or
 * damaged from somewhere on, ends as `failed` there. Refuses what is no table or of an unknown encoding, and a faulty
 * header, with `row:column`, before anything is written – faulty, too, is a column `totalSpend` where that is kept
 * from orders –, and a file that is just being imported.
 */
export async function importMembers(ctx: Context, file: NamedFile, { names = {}, ...options }: ImportOptions = {}) {
  const salt = `${JSON.stringify(names)}\n`;
  const table = await openTable(file, { timers: ctx.timers, width: "first", encoding: options.encoding, salt });
  if (isRefusal(table)) return table;
  const { first, rows } = await headed(table.rows);
  try {
    if (first && "fault" in first)
      return refuse.invalid([{ path: placeOf(first.fault), message: `row ${first.row} ${first.fault.message}` }]);
    const header = first ?? { row: 1, cells: [] };
    const columns = columnsOf(header, ctx.settings.shopTimeZone, names);
    if (isRefusal(columns)) return columns;
    const kept = spendCurrency(ctx) && columns.find(({ place }) => place === "totalSpend");
    if (kept) return refuse.invalid([{ path: `${header.row}:${kept.number}`, message: keptFromOrders }]);
    const task = await beginImport(ctx, file.name, table);
    await ctx.db.write(auditOperator(ctx, subjectOf("import", task.id), task.rows > 0 ? "went on" : "began"));
    const chunks = chunksOf(rows, columns, { done: header.row + task.rows, size: upsertLimit });
    return await importChunks(ctx, task, chunks, options);
  } finally {
    await rows.return(undefined);
  }
}

async function importChunks(
  ctx: Context,
  begun: ImportTask,
  chunks: AsyncIterable<Chunk>,
  { onProgress }: ImportOptions,
) {
  let task = begun;
  for await (const chunk of chunks) {
    const next = await writeChunk(ctx, task, chunk);
    if (isRefusal(next)) return next;
    task = next;
    onProgress?.(task);
    if (chunk.end) return endImport(ctx, task, "failed", [chunk.end]);
  }
  return endImport(ctx, task, "done");
}

/**
 * Writes a chunk and its progress, both or neither; the progress first, so that of two importers of one file one stops.
 */
function writeChunk(ctx: Context, task: ImportTask, chunk: Chunk) {
  return withTransaction(ctx, async (tx) => {
    const asking = askingWhoIsThere(chunk.items);
    const [advanced, ...found] = await tx.db.write([advanceImport(task, chunk), ...asking.queries]);
    if (advanced?.rowsAffected !== 1)
      return refuse.conflict(`${task.name} is being imported by someone else; ask for import ${task.id}.`);
    const source = `import by ${describeActor(ctx.actor)}`;
    const upsert = upsertKnowing(tx, chunk.items, asking.read(found), source);
    return countImport(tx, task, chunk, upsert.read(await tx.db.write(upsert.queries)));
  });
}
