import { join } from "node:path";
import { createClient } from "@libsql/client";
import { sql } from "drizzle-orm";
import { skipReason } from "../../src/campaign/ledger/decision.ts";
import { compile, toInStatement } from "../../src/db/statement.ts";
import { perMember, spending } from "./spent.ts";

// The limit of a fan-out: for each page the product's own ledger and inbox statements with the bounds written in, as
// one batch on a bare connection with the product's PRAGMAs; no queue, no counts, no state.

const [dir = "", total = "0"] = Bun.argv.slice(2);
const members = Number(total);
const client = createClient({ url: `file:${join(dir, "fanfare.db")}`, concurrency: 1 });
await client.execute("PRAGMA journal_mode = WAL");
await client.execute("PRAGMA synchronous = FULL");
await client.execute("PRAGMA cache_size = -4000");
const now = Date.now();

const spent = spending();
for (let from = 0; from < members; from += 1000) {
  const range = sql`m.seq > ${from} AND m.seq <= ${from + 1000}`;
  const ledger = sql`
    INSERT OR IGNORE INTO send (run, channel, member, state, reason, at)
    SELECT 1, 'IN_APP', seq, CASE WHEN skip IS NULL THEN 'SENT' ELSE 'SKIPPED' END, coalesce(skip, ''), ${now}
    FROM (SELECT m.seq AS seq, ${skipReason("IN_APP", { topic: "promotions", endsAt: null, rules: [] }, now)} AS skip
          FROM member m NOT INDEXED WHERE ${range} AND m.deleted_at IS NULL LIMIT -1)`;
  const inbox = sql`
    INSERT OR IGNORE INTO inbox (member, run, at)
    SELECT member, 1, ${now} FROM send
    WHERE run = 1 AND channel = 'IN_APP' AND member > ${from} AND member <= ${from + 1000} AND state = 'SENT'`;
  await client.batch(
    [ledger, inbox].map((query) => toInStatement(compile(query))),
    "write",
  );
}
const cost = perMember(members, spent());
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: 0, peakRssMiB }));
process.exit(0);
