import { expect, test } from "bun:test";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { isLong } from "../support/length.ts";
import { tempDir } from "../support/temp.ts";
import { letters, sharedRows, stringsBegin, stringsEnd, stylesOf, workbookOf } from "../support/workbook.ts";
import { zipOf } from "../support/zip.ts";

const sheet = "xl/worksheets/sheet1.xml";
const strings = "xl/sharedStrings.xml";
const row = '<row r="1"><c r="A1" t="str"><v>id</v></c></row>';
const partOf = (name: string, text: string) => workbookOf({ rows: row, parts: { [name]: text } });
const referring = (times: number) => `${row}${'<row><c t="s"><v>0</v></c></row>'.repeat(times)}`;
const distinct = (count: number, of: (n: number) => string) => Array.from({ length: count }, (_, n) => of(n)).join("");
const noise = (n: number) => ((n * 2_654_435_761) % 2 ** 32).toString(36);
const ole = (name: string) => {
  const file = Buffer.alloc(4_096);
  file.set([0xd0, 0xcf, 0x11, 0xe0]);
  file.writeUInt32LE(1, 48);
  file.write(name, 1_024, "utf16le");
  return file;
};
const whole = () => workbookOf(sharedRows(Array.from({ length: 50_000 }, (_, n) => [`id-${n}`, noise(n)])));
const manySheets = () =>
  workbookOf({
    parts: {
      "xl/workbook.xml": `<workbook>${distinct(80_000, (n) => `<sheet r:id="s${n}"/>`)}</workbook>`,
      "xl/_rels/workbook.xml.rels": `<a>${distinct(60_000, (n) => `<Relationship Id="r${n}" Target="a${n}"/>`)}</a>`,
    },
  });

/** A file, how long it is if it is longer than what is written, and what is said of it. */
type Hostile = readonly [what: string, file: () => string | Uint8Array, says: string, size?: number];

const hostile: readonly Hostile[] = [
  ["a bomb by ratio", () => partOf(sheet, `<worksheet>${" ".repeat(300_000_000)}`), "unfolds into too much"],
  ["one of strings", () => partOf(strings, `<sst>${"<si/>".repeat(50_000_000)}`), "unfolds into too much"],
  ["a bomb by nesting", () => zipOf({ "0.zip": zipOf({ "1.zip": whole() }) }), "is a ZIP archive, but no workbook"],
  ["as many texts as its ratio allows", () => partOf(strings, `<sst>${"<si/>".repeat(3_300_000)}`), "has no end"],
  [
    "10 million columns",
    () => workbookOf({ rows: `<row>${distinct(100_000, (n) => `<c s="${noise(n)}"/>`).repeat(100)}</row>` }),
    "a row has more cells than a sheet has columns",
  ],
  ["10 million columns of CSV", () => ",".repeat(10_000_000), "is longer than 1,000,000 characters"],
  [
    "XFD1048576",
    () => workbookOf({ rows: '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' }),
    "1048576:16384: has more than 1,000 cells",
  ],
  [
    "a text of 1 MB, 12,000 times",
    () => workbookOf({ rows: referring(12_000), strings: ["x".repeat(2 ** 20)] }),
    "unfolds into too much: its cells refer to long texts too often",
  ],
  [
    "a text as long as one may be, 400,000 times",
    () => workbookOf({ rows: referring(400_000), strings: ["ü".repeat(32_767)] }),
    "unfolds into too much: its cells refer to long texts too often",
  ],
  [
    "entity expansion",
    () => partOf(strings, `<!DOCTYPE sst [<!ENTITY a "${"a".repeat(9_999)}"><!ENTITY b "&a;&a;">]><sst>&b;</sst>`),
    "has a DOCTYPE",
  ],
  ["tags full of >", () => partOf(strings, `${`<a b="${">".repeat(60_000)}">`.repeat(90)}`), "too deep in one another"],
  [
    "formats full of [",
    () => workbookOf({ formats: Array(250).fill("[".repeat(60_000)), rows: `${row}${row}` }),
    "after",
  ],
  ["80,000 sheets", manySheets, "is a workbook without a sheet that is shown"],
  [
    "100,000 styles",
    () => partOf("xl/styles.xml", stylesOf([]).replace("<cellXfs>", `<cellXfs>${"<xf/>".repeat(100_000)}`)),
    "has more than 65,536 styles",
  ],
  [
    "sizes that lie",
    () => workbookOf({ rows: row }, { lie: ({ name }) => (name === sheet ? { size: 2 ** 31, packed: 2 ** 31 } : {}) }),
    "file data overflows file bounds",
  ],
  [
    "a sheet that is more than it says",
    () => workbookOf({ rows: referring(900_000) }, { lie: ({ name }) => (name === sheet ? { size: 900 } : {}) }),
    "is not what its directory says",
  ],
  ["half of a workbook", () => whole().subarray(0, 100_000), "is an archive without its end"],
  ["an encrypted one", () => ole("EncryptedPackage"), "is encrypted: save it without a password"],
  ["an encrypted entry", () => workbookOf({ rows: row }, { lie: () => ({ flags: 1 }) }), "is encrypted"],
  ["an old workbook", () => ole("Workbook"), "is an old Excel workbook (.xls)"],
  ["a PDF renamed", () => `%PDF-1.7\n${"x".repeat(50_000_000)}`, "is a PDF"],
  ["2 GB of nothing", () => "", "has 2 GB or more", 2_000_000_000],
  ["2 GB that begin like a workbook", whole, "has 2 GB or more", 2 ** 31],
  ["300 MB that begin like a workbook", whole, "is longer than 256 MiB", 300_000_000],
  ["2 GB that begin like CSV", () => "externalId\nkim\n", "has 2 GB or more", 2_000_000_000],
  [
    "long strings in no order",
    () => {
      const texts = distinct(300, (n) => `<si><t>${distinct(4_500, (i) => noise(n * 9_999 + i))}</t></si>`);
      const refs = distinct(400_000, (n) => `<row><c t="s"><v>${(n * 7_919) % 300}</v></c></row>`);
      return workbookOf({ rows: `${row}${refs}`, parts: { [strings]: `${stringsBegin}${texts}${stringsEnd}` } });
    },
    "unfolds into too much",
  ],
  [
    "a cell far out in every row",
    () =>
      workbookOf({
        rows: `${row}${distinct(9_999, (n) => `<row><c r="${letters(999)}${n + 2}"><v>1</v></c></row>`)}<row>`,
      }),
    "is damaged",
  ],
];

/**
 * Of these, hundreds of MB of rows, each as long as one may be, are read and dropped: how much of it lies about at once
 * is the collector's to say.
 */
const ofLongCells = ["a text as long as one may be, 400,000 times", "long strings in no order"];

// What is promised in seconds and MiB is measured, each in a process of its own.
test.if(isLong)(
  "a hostile file is refused within 2 s, in 64 MiB – 128 where all cells are as long as may be –, with its place",
  async () => {
    const dir = tempDir();
    const [warm, path] = [join(dir, "warm.xlsx"), join(dir, "hostile")];
    await Bun.write(warm, workbookOf(sharedRows(Array.from({ length: 2_000 }, (_, n) => [noise(n), `${n}`]))));
    const costly: unknown[] = [];
    for (const [what, file, says, size] of hostile) {
      await Bun.write(path, file());
      if (size !== undefined) await truncate(path, size);
      const script = join(import.meta.dir, "../support/hostile-child.ts");
      const child = Bun.spawn([process.execPath, script, warm, path], { stdio: ["ignore", "pipe", "inherit"] });
      const { said, ...cost } = await new Response(child.stdout).json();
      console.log(`${what}: ${cost.ms} ms (${cost.cpuMs} of the processor), ${cost.grownMiB} MiB: ${said}`);
      expect([what, said]).toEqual([what, expect.stringMatching(/^\d+:\d+: /)]);
      expect([what, said]).toEqual([what, expect.stringContaining(says)]);
      // Of time the processor's counts, whatever else the machine does.
      const mostMiB = ofLongCells.includes(what) ? 128 : 64;
      if (cost.cpuMs > 2_000 || cost.grownMiB > mostMiB) costly.push({ what, ...cost });
    }
    expect(costly).toEqual([]);
  },
  300_000,
);
