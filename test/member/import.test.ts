import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { isRefusal } from "../../src/errors.ts";
import { type ImportOptions, importMembers } from "../../src/member/import.ts";
import { type ImportTask, importFaults, keptFaults, listImports } from "../../src/member/import-task.ts";
import { consentsOf, findMember, pushTokensOf, tagsOf } from "../../src/member/member.ts";
import { bytesIn } from "../support/encoded.ts";
import { counted } from "../support/length.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

const fileOf = (text: string, name = "members.csv") => ({ name, content: new Blob([text]) });

async function imported(text: string, options?: ImportOptions): Promise<ImportTask> {
  const task = await importMembers(shop.ctx, fileOf(text), options);
  if (isRefusal(task)) throw new Error(task.message);
  return task;
}

const count = async () => (await shop.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM member`))?.n;
const long = (rows: number, prefix: string) =>
  `externalId,level\n${Array.from({ length: rows }, (_, i) => `${prefix}${i},${i % 10}\n`).join("")}`;

describe("a file of members", () => {
  test("is read by its header, whatever its order, spelling, quoting and delimiter", async () => {
    const task = await imported(
      '\uFEFFLevel;External ID;"e-mail";tags;consent:EMAIL;consent:SMS:deals;' +
        "attribute:address.city;attribute:shoe:number;registered_at;;x;pushTokens:PUSH\r\n" +
        '3;anna;"Anna@Shop.Example";vip | new;yes;no;"Graz; Austria";38.5;2024-02-03;;ignored;t1|t2\r\n' +
        "\r\n;ben;;;;;;;2024-02-03T10:00:00+02:00;;;\r\n",
      { names: { "": "-", x: "-" } },
    );
    expect(task).toMatchObject({ state: "done", rows: 3, created: 2, faulty: 0 });
    const anna = await findMember(shop.ctx, { externalId: "anna" });
    expect(anna).toMatchObject({
      level: 3,
      email: "anna@shop.example",
      attributes: { address: { city: "Graz; Austria" }, shoe: 38.5 },
    });
    expect(anna?.registeredAt).toBe(Date.parse("2024-02-02T23:00:00Z"));
    const seq = anna?.seq ?? 0;
    expect((await tagsOf(shop.ctx, [seq])).get(seq)).toEqual(["new", "vip"]);
    expect((await pushTokensOf(shop.ctx, [seq])).get(seq)).toEqual([
      { channel: "PUSH", token: "t1" },
      { channel: "PUSH", token: "t2" },
    ]);
    expect((await consentsOf(shop.ctx, [seq])).get(seq)).toMatchObject([
      { channel: "EMAIL", topic: "*", granted: true, source: "import by service shop" },
      { channel: "SMS", topic: "deals", granted: false },
    ]);
  });

  test("whose rows are long is written fewer rows at a time: a remote database takes values of 5 MB", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `long${i},${String(i).padStart(10_000, "é")}\n`);
    const progress: number[] = [];
    const text = `externalId,attribute:essay\n${rows.join("")}`;
    const task = await imported(text, { onProgress: (at) => void progress.push(at.rows) });
    expect(task).toMatchObject({ state: "done", created: 60 });
    expect(progress).toEqual([49, 60]);
  });

  test("is refused where a name is for a heading that it has not, so that a slip imports nothing", async () => {
    const answer = await importMembers(shop.ctx, fileOf("externalId,email\nslip,a@b.example\n"), {
      names: { Email: "-", externalID: "externalId" },
    });
    expect(answer).toMatchObject({
      issues: [
        { path: "1:1", message: 'no column is headed "Email"' },
        { path: "1:1", message: 'no column is headed "externalID"' },
      ],
    });
    expect(await findMember(shop.ctx, { externalId: "slip" })).toBeUndefined();
  });

  test("names the row and the column of each fault and imports the other rows", async () => {
    const task = await imported(
      "externalId,level,email,attribute:age:number\n" +
        "f1,x,a@b.example,1\nf2,1\nf3,2,nobody,old\nf4,4,,\n,1,,\nf6,,no mail,\n",
    );
    expect(task).toMatchObject({ state: "done", rows: 6, created: 1, faulty: 5, faults: 6 });
    const faults = await importFaults(shop.ctx, task.id);
    expect(faults.map(({ row, column }) => [row, column])).toEqual([
      [2, 2],
      [3, null],
      [4, 3],
      [4, 4],
      [6, 1],
      [7, 3],
    ]);
  });

  test("with a faulty header is refused at once, with each place, and nothing is written", async () => {
    const before = await count();
    const refusal = await importMembers(shop.ctx, fileOf("level,levle,Level,attribute:,consent:FAX\n1,2,3,4,5\n"));
    expect(isRefusal(refusal) && refusal.code === "INVALID_INPUT" && refusal.issues.map(({ path }) => path)).toEqual([
      "1:2",
      "1:3",
      "1:4",
      "1:5",
      "1:1",
    ]);
    expect(await count()).toBe(before);
    expect(isRefusal(await importMembers(shop.ctx, fileOf("")))).toBe(true);
  });

  test("may name a member again: the later row counts", async () => {
    const task = await imported("externalId,level,email\ntwice,1,twice@shop.example\nother,1,\ntwice,2,\n");
    expect(task).toMatchObject({ rows: 3, created: 2, updated: 1 });
    expect(await findMember(shop.ctx, { externalId: "twice" })).toMatchObject({
      level: 2,
      email: "twice@shop.example",
    });
  });

  test("with a stray quote in one of many rows loses that row alone, and says which", async () => {
    const length = counted(500, 5_000);
    const rows = Array.from({ length }, (_, n) => `quote${n},${n === 450 ? '"' : ""}kim${n}@shop.example`);
    const task = await imported(`externalId,email\n${rows.join("\n")}\n`);
    expect(task).toMatchObject({ state: "done", rows: length, created: length - 1, faulty: 1 });
    const [fault] = await importFaults(shop.ctx, task.id);
    expect(fault).toEqual({ row: 452, column: 2, message: "opens a quote that is never closed" });
  });

  test("whose header is no CSV is refused with its place", async () => {
    const refusal = await importMembers(shop.ctx, fileOf('externalId,em"ail\nx,a@shop.example\n'));
    expect(isRefusal(refusal) && refusal.message).toBe("1:2: row 1 has a quote inside a cell that is not quoted");
  });

  test("may end its lines as it likes: no id takes part of a line end", async () => {
    const task = await imported("externalId,level\nends1,1\r\nends2,2\rends3,3\n");
    expect(task).toMatchObject({ rows: 3, created: 3 });
    const found = ["ends1", "ends2", "ends3"].map((externalId) => findMember(shop.ctx, { externalId }));
    expect((await Promise.all(found)).map((member) => member?.level)).toEqual([1, 2, 3]);
  });

  test("says what it was read as, and keeps every letter, whoever saved it", async () => {
    const from = async (bytes: Uint8Array<ArrayBuffer>) =>
      importMembers(shop.ctx, { name: "excel.csv", content: new Blob([bytes]) });
    const header = "externalId,name";
    const western = await from(bytesIn("windows-1252", `${header}\nwest,Müller\n`));
    const chinese = await from(bytesIn("gb18030", `${header}\neast,王伟\n`));
    expect(western).toMatchObject({ created: 1, encoding: "windows-1252", encodingGuessed: true });
    expect(chinese).toMatchObject({ created: 1, encoding: "gb18030", encodingGuessed: true });
    expect((await findMember(shop.ctx, { externalId: "west" }))?.name).toBe("Müller");
    expect((await findMember(shop.ctx, { externalId: "east" }))?.name).toBe("王伟");
    const polish = await from(bytesIn("windows-1250", `${header}\n1,Kim\n2,Żółw\n`));
    expect(isRefusal(polish) && polish.message).toStartWith(
      "3:2: has bytes that are not UTF-8: save the file in UTF-8",
    );
  });

  test("with rows of nothing but commas and blanks skips them, and counts rows as a spreadsheet does", async () => {
    const task = await imported(",\nexternalId,level\n,\n \t,\n\nblank1,1\n,,,\nblank2,x\n,\n");
    expect(task).toMatchObject({ state: "done", rows: 7, created: 1, faulty: 1, faults: 1 });
    expect(await importFaults(shop.ctx, task.id)).toMatchObject([{ row: 8, column: 2 }]);
  });

  test("is refused where two columns go into one another, or one field has two", async () => {
    const header = "externalId,attribute:a,attribute:a.b,attribute:c.d.e,attribute:c,external_id";
    const refusal = await importMembers(shop.ctx, fileOf(`${header}\nx,1,2,3,4,5\n`));
    expect(isRefusal(refusal) && refusal.code === "INVALID_INPUT" && refusal.issues).toEqual([
      {
        path: "1:3",
        message: '"attribute:a.b" and column 2 go into one another: one is a value, the other a part of it',
      },
      {
        path: "1:5",
        message: '"attribute:c" and column 4 go into one another: one is a value, the other a part of it',
      },
      { path: "1:6", message: '"external_id" is also column 1' },
    ]);
  });

  test("with a hundred unknown headings is told so once, and what is known once", async () => {
    const unknown = Array.from({ length: 100 }, (_, n) => `x${n}`);
    const refusal = await importMembers(shop.ctx, fileOf(`externalId,${unknown.join(",")}\n`));
    if (!isRefusal(refusal)) throw new Error("taken");
    expect(refusal.message).toStartWith('1:2: "x0" is not a field; 1:3: "x1" is not a field; ');
    expect(refusal.message).toMatch(/"x19" is not a field, nor are 80 others; known are externalId, name, [^;]*$/);
  });

  test("with very many faults counts all of them and keeps the first", async () => {
    const task = await imported(`externalId,level\n${Array.from({ length: 2500 }, (_, i) => `bad${i},x\n`).join("")}`);
    expect(task).toMatchObject({ faulty: 2500, faults: 2500 });
    expect(await importFaults(shop.ctx, task.id)).toHaveLength(keptFaults);
  });
});

describe("an import that was interrupted", () => {
  const crash = (rows: number): ImportOptions => ({
    onProgress: (task) => {
      if (task.rows >= rows) throw new Error("the process dies");
    },
  });

  test("goes on after the last committed row when the same file comes again", async () => {
    const text = long(4500, "resumed");
    await expect(imported(text, crash(2000))).rejects.toThrow("dies");
    const [interrupted] = await listImports(shop.ctx, { limit: 1 });
    expect(interrupted).toMatchObject({ state: "running", rows: 2000, created: 2000 });
    const seen: number[] = [];
    const task = await imported(text, { onProgress: ({ rows }) => seen.push(rows) });
    expect(task).toMatchObject({ id: interrupted!.id, state: "done", rows: 4500, created: 4500, unchanged: 0 });
    expect(seen).toEqual([3000, 4000, 4500]);
    expect(await imported(text)).toMatchObject({ rows: 4500, created: 0, unchanged: 4500 });
  });

  test("does not go on with another file", async () => {
    await expect(imported(long(1500, "one"), crash(1000))).rejects.toThrow("dies");
    expect(await imported(long(1500, "two"))).toMatchObject({ rows: 1500, created: 1500 });
  });

  test("of two importers of one file only one goes on, and no row is counted twice", async () => {
    const text = long(5000, "raced");
    const answers = await Promise.all([importMembers(shop.ctx, fileOf(text)), importMembers(shop.ctx, fileOf(text))]);
    const ended = answers.filter((answer) => !isRefusal(answer));
    expect(ended).toMatchObject([{ state: "done", rows: 5000, created: 5000 }]);
    expect(answers.filter(isRefusal)).toMatchObject([{ code: "CONFLICT" }]);
  });
});
