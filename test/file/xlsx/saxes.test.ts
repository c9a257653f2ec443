import { expect, test } from "bun:test";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { usualBounds } from "../../../src/file/bounds.ts";
import { sheetRows } from "../../../src/file/xlsx/sheet.ts";
import { escaped, letters } from "../../support/workbook.ts";

const seed = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 2 ** 31));
const shared = ["", "Kim & Lee", "上海 🦊", "a]]b", " x "];
const world = { strings: (n: number) => shared[n], kinds: [], is1904: false, mostCharacters: 10_000 };

type Rows = (readonly [row: number, ...cells: string[]])[] | "refused";

/** What our reader makes of a sheet that comes in pieces of so many characters. */
async function ours(text: string, size: number): Promise<Rows> {
  async function* pieces() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const found: [number, ...string[]][] = [];
  for await (const { rows, end } of sheetRows(pieces(), world, { width: "any", bounds: usualBounds })) {
    if (end) return "refused";
    for (const read of rows) found.push([read.row, ...("cells" in read ? read.cells : ["!"])]);
  }
  return found;
}

/** The same by a parser of XML that keeps to the letter, and as plainly as can be. */
function plainly(text: string): Rows {
  const [found, path]: [[number, ...string[]][], string[]] = [[], []];
  let [row, column, cell, said]: [number, number, Record<string, string>, string | undefined] = [0, 0, {}, undefined];
  let cells = new Map<number, string>();
  let isFormula = false;
  const local = (name: string) => name.split(":").at(-1) ?? "";
  const isIn = (...holders: string[]) => holders.every((each, n) => path.at(n - holders.length) === each);
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", () => {
    throw new Error("a DOCTYPE");
  });
  parser.on("opentag", ({ name, attributes }) => {
    const [tag, parent] = [local(name), path.at(-1)];
    if (["row", "c"].includes(tag) && path.includes("sheetData") && parent !== (tag === "c" ? "row" : "sheetData"))
      throw new Error("misplaced");
    if (tag === "row" && isIn("sheetData")) [row, column, cells] = [rowOf(attributes, row), 0, new Map()];
    if (tag === "c" && isIn("sheetData", "row")) {
      [cell, said, isFormula] = [attributes as Record<string, string>, undefined, false];
      const place = cell.r === undefined ? undefined : /^([A-Z]+)(\d+)$/.exec(cell.r);
      if (place === null || (place && Number(place[2]) !== row)) throw new Error("not in its row");
      column = place ? numbers.indexOf(place[1] ?? "") : column + 1;
      if (cells.has(column)) throw new Error("twice");
      cells.set(column, "");
    }
    if (isIn("row", "c") && tag === (cell.t === "inlineStr" ? "is" : "v")) said = "";
    if (isIn("row", "c") && tag === "f") isFormula = true;
    path.push(tag);
  });
  const take = (piece: string) => {
    const [parent, tag] = path.slice(-2);
    const isText = cell.t === "inlineStr" ? tag === "t" && parent !== "rPh" : tag === "v" && parent === "c";
    if (isText && said !== undefined) said += piece;
  };
  parser.on("text", take);
  parser.on("cdata", take);
  parser.on("closetag", ({ name }) => {
    path.pop();
    if (!path.includes("sheetData")) return;
    if (local(name) === "c") {
      cells.set(column, textOf(cell.t, said, isFormula));
      said = undefined;
    }
    if (local(name) !== "row") return;
    const wide = [...Array(Math.max(0, ...cells.keys()))].map((_, i) => cells.get(i + 1) ?? "");
    while (wide.at(-1)?.trim() === "") wide.pop();
    if (wide.length > 0) found.push([row, ...(wide.includes("!") ? ["!"] : wide)]);
  });
  try {
    parser.write(text).close();
    return found;
  } catch {
    return "refused";
  }
}

/** What a cell says; ! is a fault of its row. */
function textOf(type: string | undefined, said: string | undefined, isFormula: boolean): string {
  if (said === undefined || (said === "" && type !== "str")) return isFormula ? "!" : "";
  if (type === "str" || type === "inlineStr") return said;
  if (type === undefined || type === "n") return /^\d+$/.test(said) ? said : "!";
  return (type === "s" && /^\d+$/.test(said) && shared[Number(said)]) || (said === "0" && type === "s" ? "" : "!");
}

const numbers = Array.from({ length: 60 }, (_, n) => (n === 0 ? "" : letters(n)));

function rowOf({ r }: Record<string, unknown>, before: number): number {
  const next = r === undefined ? before + 1 : Number(r);
  if (next > before) return next;
  throw new Error("rows go back");
}

const space = fc.constantFrom("", " ", "\n\t", "\r\n", "<!-- <c> -->", "<?go on?>");
const text = fc
  .array(
    fc.constantFrom("a", "&amp;", "&#x4E0A;", "&#65;", "]", ">", " ", "\r\n", "🦊", "<![CDATA[<&]>]]>", "<!-- - -->"),
    {
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));
const attributes = (known: readonly string[]) =>
  fc
    .tuple(fc.shuffledSubarray([...known, 'spans="1:>"', "x='\"'", 'x:y = "&lt;"']), fc.constantFrom(" ", "\n "))
    .map(([chosen, gap]) =>
      known
        .filter((each) => !chosen.includes(each))
        .concat(chosen)
        .map((each) => gap + each),
    );
const content = fc.oneof(
  text.map((said) => ({ t: "str", inner: `<v>${said}</v>` })),
  fc.nat(4).map((n) => ({ t: "s", inner: `<v>${n}</v>` })),
  fc.array(text, { maxLength: 3 }).map((runs) => ({
    t: "inlineStr",
    inner: `<is>${runs.map((said) => `<r><rPr><b/></rPr><t>${said}</t></r>`).join("")}<rPh><t>so</t></rPh></is>`,
  })),
  fc.constantFrom({ t: "str", inner: "" }, { t: "str", inner: "<v/>" }, { t: "str", inner: "<f>A1</f><v>2</v>" }),
);
const cellOf = (place: string | undefined) =>
  fc
    .tuple(content, space, space)
    .chain(([{ t, inner }, before, after]) =>
      attributes([`t="${t}"`, ...(place ? [`r="${place}"`] : [])]).map(
        (listed) => `${before}<p:c${listed.join("")}>${inner}${after}</p:c >`,
      ),
    );
const rowAt = (n: number) =>
  fc
    .tuple(fc.shuffledSubarray([1, 2, 3, 30]), fc.boolean(), fc.boolean())
    .chain(([columns, named, placed]) =>
      fc
        .tuple(space, ...columns.map((column) => cellOf(placed ? `${letters(column)}${n}` : undefined)))
        .map(([before, ...cells]) => `${before}<row${named ? ` r="${n}"` : ""}>${cells.join("")}</row>`),
    );
const sheet = fc
  .tuple(space, rowAt(1), rowAt(2), rowAt(3), fc.constantFrom("", "<cols><c/></cols>".replace("<c/>", "<col/>")))
  .map(([before, ...parts]) => [
    `<?xml version="1.0"?>${before}<worksheet xmlns:p="${escaped("a&b")}">${parts[3]}<sheetData>`,
    ...parts.slice(0, 3),
    `</sheetData>${parts[3]}</worksheet>${before}`,
  ])
  .map((parts) => parts.join(""));
/** A sheet, mostly with something put into it, or taken out of it. */
const wounded = fc.tuple(
  sheet,
  fc.nat(),
  fc.constantFrom(
    "",
    "]]>",
    "<",
    "&",
    "&b;",
    '"',
    "</c>",
    "<c>",
    '<c r="A1"><v>1</v></c>',
    '<x:row r="7"><c r="B7"><v>1</v></c></x:row>',
    "<!DOCTYPE a>",
    "\u0001",
    "x",
  ),
  fc.nat(3),
);

test("a sheet is read as a parser of XML that keeps to the letter reads it, or refused by both", async () => {
  const property = fc.asyncProperty(wounded, fc.integer({ min: 1, max: 90 }), async ([whole, at, put, cut], size) => {
    const begins = whole.indexOf("<sheetData>");
    const place = begins + (at % (whole.length - begins));
    const text = put === "" ? whole : `${whole.slice(0, place)}${put}${whole.slice(place + cut)}`.toWellFormed();
    expect(await ours(text, size)).toEqual(plainly(text));
  });
  await fc.assert(property, { seed, numRuns: 90 });
});
