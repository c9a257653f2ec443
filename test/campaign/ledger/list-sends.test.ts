import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { countRows } from "../../../src/campaign/ledger/counts.ts";
import {
  countSendsOfRun,
  placeInRun,
  placeOfMember,
  type SendFilter,
  type SendRow,
  sendsOfMember,
  sendsOfRun,
} from "../../../src/campaign/ledger/list-sends.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";

let ledger: Ledger;
let all: SendRow[];
/** Some members stand far from the others, as after an import of many who are in no audience. */
const maxSeq = 60_050;
beforeAll(async () => {
  ledger = await openLedger();
  const { db } = ledger.ctx;
  const frozen = JSON.stringify({ channels: ["COUPON", "SMS", "EMAIL"] });
  await db.write([
    sql`
      INSERT INTO campaign (id, name, state, topic, audience, channels, reach, content, author, created_at, updated_at)
      VALUES (1, 'Sale', 'ENDED', '', '{}', '[]', 'EACH', '{}', '', 1, 2), (2, 'B', 'ENDED', '', '{}', '[]', 'EACH',
        '{}', '', 1, 2)`,
    sql`
      INSERT INTO run (id, campaign, due_at, state, frozen) VALUES (1, 1, 0, 'COMPLETED', ${frozen}),
        (2, 2, 0, 'COMPLETED', ${frozen}), (3, 1, 1, 'COMPLETED', ${frozen}), (4, 1, 2, 'PENDING', NULL)`,
    sql`
      WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i LIMIT 100)
      INSERT INTO send (run, channel, member, state, reason, at)
      SELECT r.id, c.value, CASE WHEN n <= 50 THEN n ELSE 60000 + n - 50 END,
        CASE WHEN (n * r.id) % 7 = 0 THEN 'FAILED' WHEN n % 5 = 0 THEN 'SKIPPED' WHEN n % 11 = 0 THEN 'UNKNOWN'
          ELSE 'SENT' END,
        CASE WHEN (n * r.id) % 7 = 0 THEN 'BOUNCED' WHEN n = 95 THEN 'CAPPED' WHEN n % 5 = 0 THEN 'NO_CONSENT'
          ELSE '' END, n
      FROM run r, json_each(r.frozen, '$.channels') c, i`,
    countRows(sql`run = 1`),
    countRows(sql`run = 2`),
    countRows(sql`run = 3`),
  ]);
  all = await db.all<SendRow>(sql`SELECT * FROM send`);
});
afterAll(closeLedgers);

type Page = (after: number | undefined, limit: number) => Promise<SendRow[]>;

async function paged(page: Page, place: (row: SendRow) => number): Promise<string[]> {
  const found: SendRow[] = [];
  for (;;) {
    const last = found.at(-1);
    const next = await page(last && place(last), 13);
    found.push(...next);
    if (next.length < 13) return found.map(nameOf);
  }
}

const nameOf = ({ run, channel, member }: SendRow) => `${run} ${channel} ${member}`;
const channels = ["EMAIL", "SMS", "COUPON"];
const rank = ({ channel }: SendRow) => channels.indexOf(channel);
const fits =
  ({ channel, state, reason }: SendFilter) =>
  (row: SendRow) =>
    (channel === undefined || row.channel === channel) &&
    (state === undefined || row.state === state) &&
    (reason === undefined || row.reason === reason);

const filters: SendFilter[] = [
  {},
  { state: "FAILED" },
  { state: "UNKNOWN", channel: "SMS" },
  { state: "SKIPPED" },
  { reason: "CAPPED" },
  { state: "FAILED", reason: "BOUNCED", channel: "COUPON" },
  { state: "CANCELLED" },
];

test("a run's sends are found by channel, state and reason, each once, and counted by the run's sums", async () => {
  for (const filter of filters) {
    const are = all.filter((row) => row.run === 3 && fits(filter)(row));
    const names = are.sort((a, b) => placeInRun(a) - placeInRun(b)).map(nameOf);
    const page: Page = (after, limit) => sendsOfRun(ledger.ctx, { run: 3, maxSeq, ...filter, after, limit });
    expect({ filter, names: await paged(page, placeInRun) }).toEqual({ filter, names });
    expect(await countSendsOfRun(ledger.ctx, { run: 3, ...filter })).toBe(names.length);
  }
});

test("what a member was sent comes the newest run first, by channel, state and campaign", async () => {
  for (const member of [35, 60_050]) {
    for (const filter of [...filters, { campaign: 2 }, { campaign: 1, state: "FAILED" as const }]) {
      const isOf = (run: number) => !("campaign" in filter) || (filter.campaign === 2) === (run === 2);
      const are = all.filter((row) => row.member === member && isOf(row.run) && fits(filter)(row));
      const names = are.sort((a, b) => b.run - a.run || rank(a) - rank(b)).map(nameOf);
      const one: string[] = [];
      let after: number | undefined;
      for (;;) {
        const [row] = await sendsOfMember(ledger.ctx, { member, ...filter, after, limit: 1 });
        if (!row) break;
        one.push(nameOf(row));
        after = placeOfMember(row);
      }
      expect({ filter, names: one }).toEqual({ filter, names });
    }
  }
});
