import { stringify } from "csv-stringify/sync";
import { sharedRows, workbookOf } from "../../support/workbook.ts";
import type { Chance } from "../kernel/chance.ts";
import type { World } from "../world/world.ts";
import { membersKnown, rowOf } from "./members.ts";

/** Whom a row means, by external id; or that nobody is meant, or that it cannot be read. */
export type Meaning = { readonly member: string } | "nobody" | "unreadable" /** Who may come yet. */ | "somebody";

/** A row of a spreadsheet, by its number there: the header is row 1, and blank ones are counted. */
export interface SheetRow {
  readonly row: number;
  readonly cells: readonly string[];
  /** The operator's own cells, as the shop keeps them. */
  readonly kept: readonly string[];
  readonly means: Meaning;
}

/** A spreadsheet as an operator made it. No two have one name. */
export interface Sheet {
  readonly name: string;
  readonly templateId: string;
  readonly header: readonly string[];
  /** Those that are not blank. */
  readonly rows: readonly SheetRow[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isWorkbook: boolean;
  /** The distribution whose report it was. */
  readonly followsId?: string;
  /** No heading says whom it names: it cannot be read. */
  readonly isNameless: boolean;
  /** Sent to addresses that take one file each, and to so many of them. */
  readonly isOnce: boolean;
  addresses: number;
}

/** All that were ever sent, or were about to be. */
export const sheets = (): Map<string, Sheet> => new Map();

const kinds = ["externalId", "phone", "email"] as const;
type Kind = (typeof kinds)[number];

/** What operators head columns with: one of these for each kind. */
const headings: Readonly<Record<Kind, readonly string[]>> = {
  externalId: ["externalId", "Member ID", "会员号"],
  phone: ["phone", "手机号"],
  email: ["E-Mail", "邮箱"],
};

const columnsOf: readonly (readonly Kind[])[] = [
  ["externalId"],
  ["externalId"],
  ["externalId", "phone"],
  ["email"],
  ["phone", "email"],
];

/** Cells of the operator's own, some of which a spreadsheet would take for more than text. */
const notes = ["", "VIP", "=1+1", "+49 151", "'=x", "@a;b", 'say "hi"', "two\nlines", "金卡", "-3", "a,b", "\t=2"];

/** In one of so many sheets cells are so long that its rows are cut into several blocks. */
const [fatOften, longCell] = [0.05, "long ".repeat(6_000)] as const;

/** Writes a sheet of some members and of rows that are none, for a template. */
export function writeSheet(world: World, chance: Chance, templateId: string): Sheet {
  const columns = chance.pick(columnsOf);
  const isFat = chance.happens(fatOften);
  const extra = isFat ? ["Long", "Longer"] : [];
  const isNameless = chance.happens(0.04);
  const named = columns.map((kind, i) => (isNameless ? `Column ${i + 1}` : chance.pick(headings[kind])));
  const header = [...named, "Note", ...extra];
  const rows: SheetRow[] = [];
  const many = isFat ? chance.between(40, 60) : chance.between(5, 60);
  for (let at = 2; rows.length < many; at++) {
    if (at > 2 && chance.happens(0.04)) continue; // blank
    const { keys, means } = keysOf(world, chance, columns);
    const cells = [...keys, `${chance.pick(notes)} ${at}`, ...extra.map(() => longCell)];
    rows.push({ row: at, means, cells, kept: cells });
  }
  return sheetOf(chance, { templateId, header, rows, isNameless, isOnce: chance.happens(0.4) });
}

/** The same for the file's bytes, as one of the programs that operators have writes them. */
export function sheetOf(chance: Chance, parts: Omit<Sheet, "name" | "bytes" | "isWorkbook" | "addresses">): Sheet {
  const isWorkbook = chance.happens(0.15);
  const name = `sheet-${chance.hex(6)}.${isWorkbook ? "xlsx" : "csv"}`;
  const table = tableOf(parts);
  const bytes = new Uint8Array(isWorkbook ? workbookOf(sharedRows(table), { stored: true }) : csvOf(chance, table));
  return { ...parts, name, bytes, isWorkbook, addresses: 0 };
}

/** With its header, and blank rows where they were. */
function tableOf({ header, rows }: Pick<Sheet, "header" | "rows">): string[][] {
  const table: string[][] = [[...header]];
  for (const { row, cells } of rows) {
    while (table.length < row - 1) table.push([]);
    table.push([...cells]);
  }
  return table;
}

function csvOf(chance: Chance, table: readonly (readonly string[])[]): Buffer {
  const delimiter = chance.pick([",", ",", ";", "\t"]);
  const text = stringify(table as string[][], { delimiter, quoted_match: /[;,\t\r\n]/ });
  const isWide = chance.happens(0.1);
  return Buffer.from(isWide || chance.happens(0.3) ? `\uFEFF${text}` : text, isWide ? "utf16le" : "utf8");
}

/** The cells that say whom a row means, one for each column. */
function keysOf(world: World, chance: Chance, columns: readonly Kind[]) {
  const used = chance.pick(columns);
  const write = (key: string) => columns.map((kind) => (kind === used ? key : ""));
  const which = chance.weighted({ member: 20, nobody: 2, somebody: 1, unreadable: 1, empty: 1 });
  if (which === "nobody") return { means: "nobody" as const, keys: write(strangers[used](chance.hex(5))) };
  if (which === "unreadable") return { means: "unreadable" as const, keys: write(spoilt[used]) };
  const known = world.known(membersKnown);
  const n = which === "somebody" ? known.length + chance.between(1, 8) : numberOf(chance.pick(known));
  const key = rowOf(n)[used];
  if (which === "empty" || key === undefined) return { means: "unreadable" as const, keys: write("") };
  if (which === "somebody") return { means: "somebody" as const, keys: write(key) };
  return { means: { member: `x${n}` }, keys: write(key) };
}

const numberOf = (externalId: string) => Number(externalId.slice(1));

const strangers: Readonly<Record<Kind, (hex: string) => string>> = {
  externalId: (hex) => `nobody-${hex}`,
  phone: (hex) => `+4916099${String(Number.parseInt(hex, 16)).padStart(7, "0")}`,
  email: (hex) => `nobody-${hex}@shop.example`,
};

const spoilt: Readonly<Record<Kind, string>> = {
  externalId: "1.38E+10",
  phone: "ask her",
  email: "nobody at shop",
};

/** The same row with a member in the place of what was wrong, where the sheet has a column of external ids. */
export function corrected(world: World, chance: Chance, header: readonly string[], row: SheetRow): SheetRow {
  const at = header.findIndex((heading) => headings.externalId.includes(heading));
  const isWrong = row.means === "nobody" || row.means === "unreadable";
  if (at < 0 || !isWrong || !chance.happens(0.6)) return row;
  const member = chance.pick(world.known(membersKnown));
  const keys = header.indexOf("Note");
  const write = (cells: readonly string[]) => cells.map((cell, i) => (i === at ? member : i < keys ? "" : cell));
  return { ...row, means: { member }, cells: write(row.cells), kept: write(row.kept) };
}
