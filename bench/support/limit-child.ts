import { sql } from "drizzle-orm";
import { skipReason } from "../../src/campaign/ledger/decision.ts";
import { prepared } from "../../src/db/statement.ts";
import { openBare } from "./bare-file.ts";
import { perMember, spending } from "./spent.ts";

// The limit of a fan-out: for each page the product's own ledger and inbox statements, prepared once, as one batch on a
// connection of its own; no queue, no counts, no state.

const [dir = "", total = "0"] = Bun.argv.slice(2);
const members = Number(total);
const file = openBare(dir);
const now = Date.now();

const ledger = prepared<{ from: number; to: number }>(
  ({ from, to }) => sql`
    INSERT OR IGNORE INTO send (run, channel, member, state, reason, at)
    SELECT 1, 'IN_APP', seq, CASE WHEN skip IS NULL THEN 'SENT' ELSE 'SKIPPED' END, coalesce(skip, ''), ${now}
    FROM (SELECT m.seq AS seq, ${skipReason("IN_APP", { topic: "promotions", endsAt: null, rules: [] }, now)} AS skip
          FROM member m NOT INDEXED
          WHERE m.seq > ${from} AND m.seq <= ${to} AND m.deleted_at IS NULL LIMIT -1)`,
);
const inbox = prepared<{ from: number; to: number }>(
  ({ from, to }) => sql`
    INSERT OR IGNORE INTO inbox (member, run, at)
    SELECT member, 1, ${now} FROM send
    WHERE run = 1 AND channel = 'IN_APP' AND member > ${from} AND member <= ${to} AND state = 'SENT'`,
);

const spent = spending();
for (let from = 0; from < members; from += 1000) {
  const page = { from, to: from + 1000 };
  await file.batch([ledger(page), inbox(page)], "write");
}
const cost = perMember(members, spent());
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: 0, peakRssMiB }));
process.exit(0);
