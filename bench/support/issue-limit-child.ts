import { sql } from "drizzle-orm";
import { prepared } from "../../src/db/statement.ts";
import { openBare } from "./bare-file.ts";
import { perMember, spending } from "./spent.ts";

// The limit of an issue: the rows of each page, coupons and ledger as they end up, prepared once, one batch after
// another on a connection of its own with the product's indexes; nobody is asked anything, nothing is counted, and
// there is no queue. With `coupons` as third argument without the ledger.

const [dir = "", total = "0", what = ""] = Bun.argv.slice(2);
const members = Number(total);
const file = openBare(dir);
const now = Date.now();
const validTo = now + 30 * 86_400_000;

const coupons = prepared<{ from: number; to: number }>(
  ({ from, to }) => sql`
    INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to, counted)
    SELECT seq, 1, 1, 'run/1', 1000, ${now}, ${now}, ${validTo}, 1 FROM member NOT INDEXED
    WHERE seq > ${from} AND seq <= ${to}`,
);
const ledger = prepared<{ from: number; to: number }>(
  ({ from, to }) => sql`
    INSERT INTO send (run, channel, member, state, reason, at)
    SELECT 1, 'COUPON', seq, 'SENT', '', ${now} FROM member NOT INDEXED WHERE seq > ${from} AND seq <= ${to}`,
);

const spent = spending();
for (let from = 0; from < members; from += 1000) {
  const page = { from, to: from + 1000 };
  await file.batch(what === "coupons" ? [coupons(page)] : [ledger(page), coupons(page)], "write");
}
const cost = perMember(members, spent());
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: 0, peakRssMiB }));
process.exit(0);
