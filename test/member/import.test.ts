import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { isRefusal } from "../../src/errors.ts";
import { type ImportOptions, importMembers } from "../../src/member/import.ts";
import { type ImportTask, importFaults, keptFaults, listImports } from "../../src/member/import-task.ts";
import { consentsOf, findMember, tagsOf } from "../../src/member/member.ts";
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
        "attribute:address.city;attribute:shoe:number;registered_at;;x\r\n" +
        '3;anna;"Anna@Shop.Example";vip | new;yes;no;"Graz; Austria";38.5;2024-02-03;;ignored\r\n' +
        "\r\n;ben;;;;;;;2024-02-03T10:00:00+02:00;;\r\n",
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
    expect((await consentsOf(shop.ctx, [seq])).get(seq)).toMatchObject([
      { channel: "EMAIL", topic: "*", granted: true, source: "import by service shop" },
      { channel: "SMS", topic: "deals", granted: false },
    ]);
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

  test("that stops being CSV ends as failed and says in which row", async () => {
    const whole = long(20_000, "whole");
    const task = await imported(`${whole}broken,"never closed\n${"x\n".repeat(1000)}`);
    expect(task).toMatchObject({ state: "failed", faults: 1, faulty: 0 });
    expect(task.created).toBeGreaterThanOrEqual(18_000);
    expect(await importFaults(shop.ctx, task.id)).toEqual([
      { row: 20_002, column: null, message: "opens a quote that is never closed" },
    ]);
  });

  test("that is not CSV from its beginning is refused with the row", async () => {
    const refusal = await importMembers(shop.ctx, fileOf('externalId\nbroken"cell\n'));
    expect(isRefusal(refusal) && refusal.message).toBe("2:1: row 2 has a quote inside a cell that is not quoted");
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
