import { describeActor } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { type Column, columnsOf } from "./import-columns.ts";
import { csvFault, digestOf, type ImportFile, recordsOf } from "./import-file.ts";
import { type Chunk, chunksOf } from "./import-rows.ts";
import { advanceImport, beginImport, countImport, endImport, type ImportTask } from "./import-task.ts";
import { upsertLimit, upsertOf } from "./upsert.ts";

export interface ImportOptions {
  /** Fields of headings that are not named after one, and `-` for what is not to be imported. */
  readonly names?: Readonly<Record<string, string>>;
  /** Told after every chunk that was committed. */
  readonly onProgress?: (task: ImportTask) => void;
}

/**
 * Imports members from a CSV file: its header names fields of a member item, empty cells say nothing, lists are
 * separated by `|`. A thousand rows at a time are written together with how far it has come: after a crash the same
 * file goes on where it stopped. A faulty row is counted and left out; a file that stops being CSV ends as `failed`
 * before that place. Refuses a faulty header, with `row:column`, before anything is written, and a file that is just
 * being imported.
 */
export async function importMembers(ctx: Context, file: ImportFile, options: ImportOptions = {}) {
  const records = recordsOf(file);
  try {
    const header = await headerOf(records);
    if (isRefusal(header)) return header;
    const columns = columnsOf(header, ctx.settings.shopTimeZone, options.names);
    if (isRefusal(columns)) return columns;
    const task = await beginImport(ctx, file.name, await digestOf(file, options.names ?? {}));
    for (let skipped = 0; skipped < task.rows; skipped++) await records.next();
    return await importRecords(ctx, task, records, { columns, width: header.length, ...options });
  } finally {
    await records.return(undefined);
  }
}

async function headerOf(records: AsyncGenerator<readonly string[]>) {
  try {
    const first = await records.next();
    return first.done ? [] : first.value;
  } catch (error) {
    const fault = csvFault(error);
    if (!fault) throw error;
    return refuse.invalid([{ path: `${fault.row}:1`, message: `row ${fault.row} ${fault.message}` }]);
  }
}

async function importRecords(
  ctx: Context,
  begun: ImportTask,
  records: AsyncIterable<readonly string[]>,
  { columns, width, onProgress }: ImportOptions & { columns: readonly Column[]; width: number },
) {
  let task = begun;
  try {
    for await (const chunk of chunksOf(records, columns, width, { firstRow: task.rows + 2, size: upsertLimit })) {
      const next = await writeChunk(ctx, task, chunk);
      if (isRefusal(next)) return next;
      task = next;
      onProgress?.(task);
    }
    return await endImport(ctx, task, "done");
  } catch (error) {
    const fault = csvFault(error);
    if (!fault) throw error;
    return await endImport(ctx, task, "failed", [{ ...fault, column: null }]);
  }
}

/**
 * Writes a chunk and its progress, both or neither; the progress first, so that of two importers of one file one stops.
 */
function writeChunk(ctx: Context, task: ImportTask, chunk: Chunk) {
  return withTransaction(ctx, async (tx) => {
    if (!(await advanceImport(tx, task, chunk)))
      return refuse.conflict(`${task.name} is being imported by someone else; ask for import ${task.id}.`);
    const upsert = upsertOf(tx, chunk.items, `import by ${describeActor(ctx.actor)}`);
    return countImport(tx, task, chunk, upsert.read(await tx.db.write(upsert.queries)));
  });
}
