import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { bookFaults, runOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const hour = 3_600_000;
const nine = Date.parse("2027-06-01T09:00+02:00");

/** When members of each zone were written to, by the clock of UTC. */
async function reached({ db }: Context, run: number): Promise<Record<string, string[]>> {
  const found = await db.all<{ zone: string; at: number }>(sql`
    SELECT coalesce(m.time_zone, '') AS zone, s.at FROM send s JOIN member m ON m.seq = s.member
    WHERE s.run = ${run} AND s.state = 'SENT' GROUP BY 1, 2 ORDER BY 1, 2`);
  const byZone = Map.groupBy(found, ({ zone }) => zone);
  return Object.fromEntries(
    [...byZone].map(([zone, rows]) => [zone, rows.map(({ at }) => new Date(at).toISOString().slice(5, 16))]),
  );
}

test("each member is reached when the own clock shows the time; those without a zone by the shop's", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 30 * hour });
  await earth.settle({
    "Pacific/Kiritimati": 3,
    "": 25,
    "Asia/Kolkata": 12,
    "Europe/Berlin": 4,
    "Pacific/Pago_Pago": 11,
  });
  const run = await earth.launch({ startsAt: nine });
  await earth.until(nine + 20 * hour);
  expect(await reached(earth.ctx, run)).toEqual({
    "": ["06-01T07:00"],
    "Asia/Kolkata": ["06-01T03:30"],
    "Europe/Berlin": ["06-01T07:00"],
    "Pacific/Kiritimati": ["05-31T19:00"],
    "Pacific/Pago_Pago": ["06-01T20:00"],
  });
  expect(await runOf(earth.ctx.db, run)).toEqual({ state: "COMPLETED", matched: 55, pages: 3 + 2 + 1 + 2 + 1 });
  expect(await bookFaults(earth.ctx.db, run)).toEqual([]);
});
