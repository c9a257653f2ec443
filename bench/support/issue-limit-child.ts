import { join } from "node:path";
import { createClient } from "@libsql/client";
import { sql } from "drizzle-orm";
import { compile, toInStatement } from "../../src/db/statement.ts";
import { perMember, spending } from "./spent.ts";

// The limit of an issue: the rows of each page, coupons and ledger as they end up, one batch after another on a bare
// connection with the product's PRAGMAs and indexes; nobody is asked anything, nothing is counted, and there is no
// queue. With `coupons` as third argument without the ledger.

const [dir = "", total = "0", what = ""] = Bun.argv.slice(2);
const members = Number(total);
const client = createClient({ url: `file:${join(dir, "fanfare.db")}`, concurrency: 1 });
await client.execute("PRAGMA journal_mode = WAL");
await client.execute("PRAGMA synchronous = FULL");
await client.execute("PRAGMA cache_size = -4000");
const now = Date.now();
const validTo = now + 30 * 86_400_000;

const spent = spending();
for (let from = 0; from < members; from += 1000) {
  const range = sql`seq > ${from} AND seq <= ${from + 1000}`;
  const coupons = sql`
    INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to, counted)
    SELECT seq, 1, 1, 'run/1', 1000, ${now}, ${now}, ${validTo}, 1 FROM member NOT INDEXED WHERE ${range}`;
  const ledger = sql`
    INSERT INTO send (run, channel, member, state, reason, at)
    SELECT 1, 'COUPON', seq, 'SENT', '', ${now} FROM member NOT INDEXED WHERE ${range}`;
  const queries = what === "coupons" ? [coupons] : [ledger, coupons];
  await client.batch(
    queries.map((query) => toInStatement(compile(query))),
    "write",
  );
}
const cost = perMember(members, spent());
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: 0, peakRssMiB }));
process.exit(0);
