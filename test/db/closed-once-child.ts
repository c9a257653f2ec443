/** Opens, uses and closes databases in the directory given; prints how many of their files are still open. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { realWorld } from "../../src/world.ts";

const dir = process.argv[2] ?? "";

function openFiles(): number {
  if (!existsSync("/proc/self/fd")) return 0; // macOS does not tell
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the listing's own
    }
  });
  return links.filter((path) => path.startsWith(dir)).length;
}

/** Statements are collected, and what collecting them frees is freed, a turn of the loop later. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    Bun.gc(true);
    await new Promise(setImmediate);
  }
}

for (let i = 0; i < 10; i++) {
  const db = await openDatabase({ url: `file:${join(dir, `${i}.db`)}` }, realWorld);
  await db.write([sql`CREATE TABLE t (v)`, sql`INSERT INTO t VALUES (1)`]);
  await db.all(sql`SELECT * FROM t`);
  await collect();
  await db.close();
}
await collect();
console.log(openFiles());
