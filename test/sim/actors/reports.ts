import { parse } from "csv-parse/sync";
import type { Chance } from "../kernel/chance.ts";
import { named } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { callFile } from "./file-calls.ts";
import { corrected, type SheetRow, sheetOf, sheets } from "./sheets.ts";
import { type Person, tell, tokenOf } from "./staff.ts";

/** A distribution as an operator sees it in the list. */
export interface Listed {
  readonly id: string;
  readonly state: string;
  readonly file: string;
  readonly template: { readonly id: string };
}

/** The report of what failed, as the sheet that somebody makes of it. */
export async function correctedReport(world: World, chance: Chance, who: Person, { id, file, template }: Listed) {
  const origin = world.known(sheets).get(file);
  const url = `${world.process.url}/distributions/${encodeURIComponent(id)}/report.csv`;
  const answer = await callFile(world, { url, method: "GET", token: tokenOf(world, who) });
  const what = `${who.name} takes out the report of ${named(id)}`;
  if (answer.kind !== "data" || !origin) return void tell(world, what, answer);
  const [header = [], ...rows]: string[][] = parse(answer.data, { bom: true, relax_column_count: true });
  world.story.say(`${what}: ${rows.length} rows`);
  const place = header.indexOf("Fanfare: row and column");
  const own = rows.map((cells) => {
    const [, row] = /^row (\d+)/.exec(cells[place] ?? "") ?? [];
    const meant = origin.rows.find((each) => each.row === Number(row));
    if (!meant) throw new Error(`the report of ${named(id)} has row ${cells[place]}, which ${file} has not`);
    return { meant, cells };
  });
  const { followed, head } = chance.happens(0.7) ? asItIs(header, own) : bare(header, own, place - 1);
  const mended = followed.map((row) => corrected(world, chance, head, row));
  return sheetOf(chance, {
    templateId: template.id,
    header: head,
    rows: mended,
    followsId: id,
    isNameless: false,
    isOnce: chance.happens(0.4),
  });
}

type Own = readonly { readonly meant: SheetRow; readonly cells: readonly string[] }[];

/** As it was taken out: of such a file the cells are kept that were there at first. */
function asItIs(header: readonly string[], own: Own) {
  const followed = own.map(({ meant: { means, kept }, cells }, i) => ({ row: i + 2, means, cells, kept }));
  return { head: header, followed };
}

/** Without the columns that the report has added: it is kept as it is. */
function bare(header: readonly string[], own: Own, width: number) {
  const followed = own.map(({ meant: { means }, cells: all }, i) => {
    const cells = all.slice(0, width);
    return { row: i + 2, means, cells, kept: cells };
  });
  return { head: header.slice(0, width), followed };
}
