import type { Context } from "../context.ts";
import { type InvalidInput, type Issue, isRefusal, issuesOf, refuse } from "../errors.ts";
import type { NamedFile } from "../file/file.ts";
import { type Meaning, readHeadings } from "../file/headings.ts";
import { headed, openTable } from "../file/table.ts";
import { addGoods, type GoodsInput, mostGoods } from "./goods.ts";

const fields = ["date", "goods", "name", "description", "keywords", "persona", "priority"] as const;
type Field = (typeof fields)[number];

interface Read {
  readonly rows: GoodsInput[];
  /** The row of the file that each stands in. */
  readonly places: number[];
}

/**
 * Writes down the goods of a file, all or none: CSV or XLSX with the headings date, goods, name and, where there are
 * any, description, keywords (with commas between), persona (a filter as JSON) and priority. Refuses with `row:column`
 * what is wrong.
 */
export async function importGoods(
  ctx: Context,
  {
    file,
    shop,
    encoding,
    personaOf,
  }: {
    readonly file: NamedFile;
    readonly shop?: string | undefined;
    /** How it is encoded, where that is known. */
    readonly encoding?: string | undefined;
    /** Makes of a filter as callers write it one as it is stored, or says why not. */
    readonly personaOf: (said: unknown) => unknown;
  },
) {
  const table = await openTable(file, { timers: ctx.timers, width: "first", encoding, salt: "hot goods\n" });
  if (isRefusal(table)) return table;
  try {
    const read = await readRows(table.rows, personaOf);
    if (isRefusal(read)) return read;
    const added = await addGoods(ctx, { rows: read.rows, shop });
    if (!isRefusal(added)) return added;
    return refuse.invalid(issuesOf(added).map(({ path, message }) => ({ path: placed(path, read.places), message })));
  } finally {
    await table.rows.return(undefined);
  }
}

/** Of a fault of a row of the list, where it is in the file. */
function placed(path: string, places: readonly number[]): string {
  const [, index = "", rest = ""] = /^rows\.(\d+)\.?(.*)$/.exec(path) ?? [];
  return index === "" ? path : `${places[Number(index)]}:${rest === "day" ? "date" : rest}`;
}

async function readRows(
  given: Parameters<typeof headed>[0],
  personaOf: (said: unknown) => unknown,
): Promise<Read | InvalidInput> {
  const { first, rows } = await headed(given);
  if (!first || "fault" in first) return refuse.invalid([{ path: "1:1", message: "has no heading" }]);
  const meaningOf = (name: string): (Meaning & { place: Field }) | undefined => {
    const place = fields.find((each) => each === name);
    return place && { place };
  };
  const columns = readHeadings(first, { names: {}, needed: ["goods"], known: fields.join(", "), meaningOf });
  if (isRefusal(columns)) return columns;
  const read: Read = { rows: [], places: [] };
  const issues: Issue[] = [];
  for await (const batch of rows) {
    for (const row of batch.rows) {
      if ("fault" in row) issues.push({ path: `${row.row}:${row.fault.column ?? 1}`, message: row.fault.message });
      else {
        const cells = Object.fromEntries(columns.map(({ place, number }) => [place, row.cells[number - 1] ?? ""]));
        try {
          read.rows.push(rowOf(cells, personaOf));
          read.places.push(row.row);
        } catch (error) {
          issues.push({ path: `${row.row}:persona`, message: error instanceof Error ? error.message : "is no filter" });
        }
      }
    }
    if (batch.end) issues.push({ path: `${batch.end.row}:1`, message: batch.end.message });
    if (issues.length > 100 || read.rows.length > mostGoods) break;
  }
  return issues.length > 0 ? refuse.invalid(issues) : read;
}

function rowOf(cells: Readonly<Partial<Record<Field, string>>>, personaOf: (said: unknown) => unknown): GoodsInput {
  const { date = "", goods = "", name = "", description = "", keywords = "", persona = "", priority = "" } = cells;
  return {
    day: date.trim(),
    goods,
    name,
    description,
    keywords: keywords
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== ""),
    persona: persona.trim() === "" ? null : personaOf(JSON.parse(persona)),
    priority: priority.trim() === "" ? 0 : Number(priority),
  };
}
