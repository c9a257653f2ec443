import { type ZipForm, zipOf } from "./zip.ts";

const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const packages = "http://schemas.openxmlformats.org/package/2006";
const declared = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** The parts of a workbook that are no cells. */
export const frame = {
  "[Content_Types].xml": `${declared}<Types xmlns="${packages}/content-types"/>`,
  "_rels/.rels": relations([["rId1", "officeDocument", "xl/workbook.xml"]]),
  "xl/_rels/workbook.xml.rels": relations([
    ["rId1", "worksheet", "worksheets/sheet1.xml"],
    ["rId2", "sharedStrings", "sharedStrings.xml"],
    ["rId3", "styles", "styles.xml"],
  ]),
  "xl/workbook.xml":
    `${declared}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>` +
    '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
  "xl/styles.xml": stylesOf([]),
};

function relations(all: readonly (readonly [id: string, type: string, target: string])[]): string {
  const listed = all.map(
    ([id, type, target]) => `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`,
  );
  return `${declared}<Relationships xmlns="${packages}/relationships">${listed.join("")}</Relationships>`;
}

/** Styles 1, 2, … with these formats; style 0 is General. */
export function stylesOf(formats: readonly string[]): string {
  const codes = formats.map((code, i) => `<numFmt numFmtId="${200 + i}" formatCode="${escaped(code)}"/>`);
  const used = formats.map((_, i) => `<xf numFmtId="${200 + i}"/>`);
  return (
    `${declared}<styleSheet xmlns="${main}"><numFmts>${codes.join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/>` +
    `</cellStyleXfs><cellXfs><xf numFmtId="0"/>${used.join("")}</cellXfs></styleSheet>`
  );
}

export const sheetBegins = `${declared}<worksheet xmlns="${main}"><sheetData>`;
export const sheetEnds = "</sheetData></worksheet>";
export const stringsBegin = `${declared}<sst xmlns="${main}">`;
export const stringsEnd = "</sst>";

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** The name of a column, from 1: A, B, … Z, AA. */
export function letters(column: number): string {
  const rest = Math.floor((column - 1) / 26);
  return `${rest > 0 ? letters(rest) : ""}${String.fromCharCode(65 + ((column - 1) % 26))}`;
}

export interface WorkbookParts {
  /** What stands between the tags of `sheetData`. */
  readonly rows?: string;
  readonly strings?: readonly string[];
  readonly formats?: readonly string[];
  /** Parts in place of others, or besides them. */
  readonly parts?: Readonly<Record<string, string | Uint8Array>>;
}

/** A workbook of one sheet, which stands before its strings. */
export function workbookOf({ rows = "", strings = [], formats = [], parts = {} }: WorkbookParts, form: ZipForm = {}) {
  const listed = strings.map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`).join("");
  return zipOf(
    {
      ...frame,
      "xl/styles.xml": stylesOf(formats),
      "xl/worksheets/sheet1.xml": `${sheetBegins}${rows}${sheetEnds}`,
      "xl/sharedStrings.xml": `${stringsBegin}${listed}${stringsEnd}`,
      ...parts,
    },
    form,
  );
}

/** Rows of texts as spreadsheets write them: every text is shared. */
export function sharedRows(table: readonly (readonly string[])[]): WorkbookParts {
  const strings = table.flat();
  let next = 0;
  const rows = table.map((cells, i) => {
    const written = cells.map((_, c) => `<c r="${letters(c + 1)}${i + 1}" t="s"><v>${next++}</v></c>`);
    return `<row r="${i + 1}">${written.join("")}</row>`;
  });
  return { rows: rows.join(""), strings };
}
