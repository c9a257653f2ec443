import { describe, expect, test } from "bun:test";
import { isRefusal } from "../../src/errors.ts";
import { type Encoding, encodingNamed, encodings } from "../../src/file/encoding.ts";
import { openTable } from "../../src/file/table.ts";
import { realWorld } from "../../src/world.ts";
import { bytesIn } from "../support/encoded.ts";
import { inWords } from "../support/rows.ts";

/** How a file is read, or where it is refused. */
async function read(bytes: Uint8Array<ArrayBuffer> | string, encoding?: string) {
  const file = { name: "members.csv", content: new Blob([bytes]) };
  const table = await openTable(file, { timers: realWorld.timers, width: "first", salt: "", encoding });
  if (isRefusal(table)) return table.message;
  const words: string[] = [];
  for await (const { rows } of table.rows) words.push(...rows.map(inWords));
  return { as: table.encoding, guessed: table.isGuessed, rows: words };
}

const latin = "id,name\n1,Müller\n2,Beyoncé\n3,Øre, Åse\n4,Mo\n".replace("Øre, Åse", '"Øre, Åse"');
const chinese = "编号,姓名,城市\n1,王伟,上海\n2,李娜,北京\n3,张敏,深圳\n";

describe("a file", () => {
  test("is read whole, wherever its characters are cut, and with a mark or without", async () => {
    const text = `id,name\n${Array.from({ length: 6_000 }, (_, n) => `${n},${"a".repeat(n % 7)}中国`).join("\n")}`;
    const rows = text.split("\n").map((line, n) => `${n + 1} ${line.replace(",", " | ")}`);
    expect(await read(text)).toEqual({ as: "utf-8", guessed: false, rows });
    expect(await read(bytesIn("gb18030", text))).toEqual({ as: "gb18030", guessed: true, rows });
    expect(await read(`\uFEFF${latin}`)).toMatchObject({ as: "utf-8", rows: { 0: "1 id | name" } });
  });

  test("saved by Excel in China is GB18030, one from western Europe Windows-1252: both guessed, and said", async () => {
    expect(await read(bytesIn("gb18030", chinese))).toEqual({
      as: "gb18030",
      guessed: true,
      rows: ["1 编号 | 姓名 | 城市", "2 1 | 王伟 | 上海", "3 2 | 李娜 | 北京", "4 3 | 张敏 | 深圳"],
    });
    expect(await read(bytesIn("windows-1252", latin))).toEqual({
      as: "windows-1252",
      guessed: true,
      rows: ["1 id | name", "2 1 | Müller", "3 2 | Beyoncé", "4 3 | Øre, Åse", "5 4 | Mo"],
    });
  });

  test("in UTF-16 is told apart by its mark, or by where its NULs stand", async () => {
    for (const as of ["utf-16le", "utf-16be"] as const) {
      expect(await read(bytesIn(as, `\uFEFF${chinese}`))).toMatchObject({ as, guessed: false });
      expect(await read(bytesIn(as, latin))).toMatchObject({ as, guessed: true, rows: { 1: "2 1 | Müller" } });
    }
  });

  test.each([
    ["windows-1251", "id,имя\n1,Иван\n2,Мария Петрова\n"],
    ["windows-1250", "id,name\n1,Łukasz Żak\n2,Paweł Gąska\n"],
    ["windows-1254", "id,name\n1,Ayşe Işık\n2,Oğuz\n"],
    ["euc-kr", "id,이름\n1,김민준\n2,이서연\n"],
    ["shift_jis", "id,名前\n1,佐藤さくら\n2,鈴木\n"],
    ["big5", "id,姓名\n1,陳美玲\n2,林志豪\n"],
  ] as const)("in %s is not taken for something else, and is read where that is said", async (encoding, text) => {
    const bytes = bytesIn(encoding, text);
    const refused = await read(bytes);
    expect(refused).toMatch(
      /^[12]:2: has bytes that are not UTF-8: save the file in UTF-8 .*, or say in which encoding/,
    );
    const said = await read(bytes, encoding);
    expect(said).toEqual({
      as: encoding,
      guessed: false,
      rows: text
        .trim()
        .split("\n")
        .map((line, n) => `${n + 1} ${line.replace(",", " | ")}`),
    });
  });

  test("is refused with row and column where its bytes mean nothing in the encoding that was said", async () => {
    const bytes = Buffer.concat([bytesIn("gb18030", chinese), Buffer.from("4,ok,"), Buffer.from([0xc4, 0xff, 0x0a])]);
    expect(await read(bytes, "gb18030")).toStartWith("5:3: has bytes that are not gb18030: save the file in UTF-8");
    expect(await read(bytesIn("windows-1252", latin), "utf-8")).toStartWith("2:2: has bytes that are not UTF-8");
  });

  test("that is no text is refused with what it is", async () => {
    expect(await read("%PDF-1.7\n")).toBe("1:1: the file is a PDF: save the table as .xlsx or CSV");
    expect(await read(new Uint8Array([0x50, 0x4b, 3, 4, 20]))).toBe(
      "1:1: the file is an archive without its end: send all of it",
    );
    expect(await read(latin, "klingon")).toStartWith('1:1: "klingon" is no encoding; known are utf-8, utf-16le');
  });

  test("says its own encoding louder than whoever sends it", async () => {
    expect(await read(`\uFEFF${latin}`, "windows-1252")).toMatchObject({ as: "utf-8", guessed: false });
  });
});

test("encodings are known by the names that people have for them", () => {
  const names = ["GBK", "gb2312", "latin1", "UTF8", " Windows-1252 ", "sjis", "utf-16"].map(encodingNamed);
  const expected: Encoding[] = ["gb18030", "gb18030", "windows-1252", "utf-8", "windows-1252", "shift_jis", "utf-16le"];
  expect(names).toEqual(expected);
  expect(encodings.map(encodingNamed)).toEqual([...encodings]);
});
