import type { Timers } from "../../world.ts";
import { usualBounds } from "../bounds.ts";
import type { RowBatch } from "../file.ts";
import type { RowOptions } from "../rows.ts";
import { sheetRows } from "./sheet.ts";
import { sharedStrings } from "./strings.ts";
import { readWorkbook } from "./workbook.ts";
import { openArchive } from "./zip.ts";

/** Characters that cells may make of texts by referring to them, however small the file is. */
const freely = 2 ** 28;

/**
 * The rows of the first sheet of a workbook that is shown. The first batch is empty: by then the workbook is known to
 * be one, and its shared strings lie on disk, until the rows are left. Throws `Unreadable` before that; what is wrong
 * with the sheet ends the rows.
 */
export async function* workbookRows(
  content: Blob,
  { timers, bounds = usualBounds, width }: RowOptions & { readonly timers: Timers },
): AsyncGenerator<RowBatch> {
  const archive = await openArchive(content, timers);
  const { sheet, strings: path, kinds, is1904 } = await readWorkbook(archive);
  const strings = await sharedStrings(path === undefined ? ["<sst/>"] : archive.textOf(path), timers, {
    mostCharacters: bounds.cell,
    mostUnfolded: Math.min(Math.max(freely, content.size * 100), 2 ** 31),
  });
  try {
    yield { rows: [], upTo: 0 };
    const world = { strings: strings.at, kinds, is1904, mostCharacters: bounds.cell };
    yield* sheetRows(strings.lookThrough(archive.textOf(sheet)), world, { width, bounds });
  } finally {
    strings.close();
  }
}
