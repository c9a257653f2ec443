import { join } from "node:path";
import { headed, openTable } from "../../src/file/table.ts";
import { realWorld } from "../../src/world.ts";
import { openBare } from "./bare-file.ts";
import { perMember, spending } from "./spent.ts";

// The limit of a distribution: the same file through the same reader and, a thousand rows a commit, the coupons of the
// members that it names, as they end up, with the product's indexes, prepared once, on a connection of its own. Nothing
// is checked, counted or kept, and there is no queue. With `parse` as fourth argument the file is only read.

const [dir = "", total = "0", name = "", what = ""] = Bun.argv.slice(2);
const rows = Number(total);
const file = openBare(dir);
const now = BigInt(Date.now());
const insert = `
  INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to, counted)
  SELECT m.seq, 1, 1, 'distribution/1/1000', 1000, ?2, ?2, ?2, 1
  FROM json_each(?1) CROSS JOIN member m ON m.external_id = value`;

const spent = spending();
const source = { name, content: Bun.file(join(dir, name)) };
const table = await openTable(source, { timers: realWorld.timers, width: "first", salt: "" });
if (!("rows" in table)) throw new Error(table.message);
let [read, chunk]: [number, string[]] = [0, []];
const body = await headed(table.rows);
for await (const batch of body.rows) {
  for (const row of batch.rows) {
    if (!("cells" in row)) throw new Error(`row ${row.row} is faulty`);
    read++;
    if (what === "parse") continue;
    if (chunk.push(row.cells[0] ?? "") === 1000) await write();
  }
}
await write();
const cost = perMember(rows, spent());

const held = await file.execute({ sql: "SELECT count(*) AS n FROM coupon", args: [] });
if (read !== rows || held.rows[0]?.n !== (what === "parse" ? 0 : rows)) throw new Error("not all were given one");
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, peakRssMiB }));
process.exit(0);

async function write(): Promise<void> {
  if (chunk.length > 0) await file.batch([{ sql: insert, args: [JSON.stringify(chunk), now] }], "write");
  chunk = [];
}
