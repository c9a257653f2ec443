import { createReadStream } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse";
import { openBare } from "./bare-file.ts";
import type { Shape } from "./import-file.ts";
import { perMember, spending } from "./spent.ts";

// The limit of an import: `csv-parse` over the file and, a thousand rows a commit, the bare upserts of what stands in
// it – the same rows in the same tables, with their indexes – on a connection with the product's PRAGMAs. Cells go in
// as they are but for what columns hold otherwise (times, yes and no); nothing is checked, counted or told, and no
// progress is kept. Statements are prepared once, and the connection has nothing else to do.

const [dir = "", shape = "consent", total = "0"] = Bun.argv.slice(2) as [string, Shape, string];
const members = Number(total);
const file = openBare(dir);
const now = BigInt(Date.now());

const known = "json_each(?) JOIN member m ON m.external_id = value ->> 0";
const statements: Readonly<Record<Shape, (rows: string) => { sql: string; args: (string | bigint)[] }[]>> = {
  consent: (rows) => [
    {
      sql: `INSERT INTO member (id, external_id, email, registered_at, updated_at)
        SELECT value ->> 3, value ->> 0, value ->> 1, ?2, ?2 FROM json_each(?1) WHERE true
        ON CONFLICT (external_id) DO UPDATE SET email = excluded.email, updated_at = excluded.updated_at`,
      args: [rows, now],
    },
    {
      sql: `INSERT INTO consent (member, channel, topic, listed, listed_by, listed_at)
        SELECT m.seq, 'EMAIL', '*', value ->> 2, 'import', ? FROM ${known} WHERE true
        ON CONFLICT DO UPDATE SET listed = excluded.listed, listed_by = excluded.listed_by,
          listed_at = excluded.listed_at WHERE listed IS NOT excluded.listed`,
      args: [now, rows],
    },
  ],
  nine: (rows) => [
    {
      sql: `INSERT INTO member (id, external_id, name, email, phone, locale, level, birthday, registered_at, updated_at)
        SELECT value ->> 9, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
          CAST(value ->> 5 AS INTEGER), value ->> 6, value ->> 7, ?2 FROM json_each(?1) WHERE true
        ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,
          locale = excluded.locale, level = excluded.level, birthday = excluded.birthday,
          registered_at = excluded.registered_at, updated_at = excluded.updated_at`,
      args: [rows, now],
    },
    {
      sql: `DELETE FROM member_tag WHERE member IN (SELECT m.seq FROM ${known}) AND (member, tag) NOT IN (
        SELECT m.seq, e.value FROM json_each(?) r JOIN member m ON m.external_id = r.value ->> 0,
          json_each(r.value, '$[8]') e)`,
      args: [rows, rows],
    },
    {
      sql: `INSERT OR IGNORE INTO member_tag (member, tag)
        SELECT m.seq, e.value FROM json_each(?) r JOIN member m ON m.external_id = r.value ->> 0,
          json_each(r.value, '$[8]') e`,
      args: [rows],
    },
  ],
};
const valuesOf: Readonly<Record<Shape, (cells: readonly string[]) => unknown[]>> = {
  consent: ([externalId, email, word]) => [externalId, email, word === "yes" ? 1 : 0, Bun.randomUUIDv7()],
  nine: ([...cells]) => [
    ...cells.slice(0, 7),
    Date.parse(cells[7] ?? ""),
    (cells[8] ?? "").split("|"),
    Bun.randomUUIDv7(),
  ],
};

const rssMiBAtStart = Math.round(process.memoryUsage.rss() / 1_048_576);
const spent = spending();
let chunk: unknown[] = [];
for await (const cells of createReadStream(join(dir, "members.csv")).pipe(parse({ from_line: 2 }))) {
  chunk.push(valuesOf[shape](cells));
  if (chunk.length === 1000) await write();
}
await write();
const cost = perMember(members, spent());

const held = await file.execute({ sql: "SELECT count(*) AS n FROM member", args: [] });
if (held.rows[0]?.n !== members) throw new Error("not all were taken");
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, rssMiBAtStart, peakRssMiB }));
process.exit(0);

async function write(): Promise<void> {
  if (chunk.length === 0) return;
  await file.batch(statements[shape](JSON.stringify(chunk)), "write");
  chunk = [];
}
