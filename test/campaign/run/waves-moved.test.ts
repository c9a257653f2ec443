import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { writePage } from "../../../src/campaign/run/page.ts";
import { parkPage, unparkPage } from "../../../src/campaign/run/parking.ts";
import { momentOf } from "../../../src/schedule/recurrence/wall.ts";
import { earthOf } from "../../support/by-clocks.ts";
import { bookFaults, runOf } from "../../support/ledger.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const [hour, minute] = [3_600_000, 60_000];
const nine = Date.parse("2027-06-01T09:00+02:00");

const zones = ["Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "", "America/New_York", "Pacific/Pago_Pago"];
const elsewhere = [...zones, "Asia/Kathmandu", "america/havana", "Nowhere/At_All"];

const Moves = fc.array(
  fc.record({
    after: fc.integer({ min: -16 * 60, max: 16 * 60 }),
    member: fc.integer({ min: 1, max: 40 }),
    zone: fc.constantFrom(...elsewhere),
  }),
  { maxLength: 25 },
);

const History = fc.record({
  homes: fc.array(fc.constantFrom(...zones), { minLength: 40, maxLength: 40 }),
  moves: Moves,
  passed: fc.constantFrom("NOW" as const, "NEXT_DAY" as const, "SKIP" as const),
  /** Others who change zones between two messages: at so many messages behind the last one who did. */
  between: fc.array(
    fc.record({
      messages: fc.integer({ min: 0, max: 8 }),
      member: fc.integer({ min: 1, max: 40 }),
      zone: fc.constantFrom(...elsewhere),
    }),
    { maxLength: 15 },
  ),
  /** Minutes by which it is launched behind the first clock. */
  late: fc.constantFrom(-60, 0, 7 * 60, 15 * 60),
  weather: fc.infiniteStream(fc.constantFrom("once" as const, "once" as const, "twice" as const, "lost" as const)),
});

/** Zone by zone when the clock that counts there shows nine. */
const nineIn = (zone: string) =>
  momentOf("2027-06-01T09:00:00", zone === "" || zone.startsWith("No") ? "Europe/Berlin" : zone);

test(
  "I7 I8 zones changed at any moment, messages lost and doubled: once each, and never before the time",
  async () => {
    await fc.assert(
      fc.asyncProperty(History, async ({ homes, moves, between, passed, late, weather }) => {
        const first = nine - 12 * hour;
        const ledger = await openLedger();
        const earth = earthOf(ledger, { now: first + late * minute, pageSize: 4 });
        const { db } = earth.ctx;
        await ledger.members(40);
        await db.write([
          sql`UPDATE member SET time_zone = nullif(${JSON.stringify(homes)} ->> ('$[' || (seq - 1) || ']'), '')`,
        ]);
        const run = await earth.launch({ startsAt: nine, localTime: { passed } });
        /** Where each member was from when on. */
        const lived = new Map(homes.map((zone, i) => [i + 1, [{ from: 0, zone }]]));
        const moveTo = async (member: number, zone: string) => {
          await earth.moves(member, zone || null);
          lived.get(member)?.push({ from: earth.ctx.clock(), zone });
        };
        let messages = 0;
        const fate = async () => {
          const next = between[0];
          if (next && ++messages > next.messages) {
            messages = 0;
            between.shift();
            await moveTo(next.member, next.zone);
          }
          return weather.next().value;
        };
        for (const { after, member, zone } of moves.toSorted((a, b) => a.after - b.after)) {
          const at = nine + after * minute;
          if (at < earth.ctx.clock()) continue;
          await earth.until(at, fate);
          await moveTo(member, zone);
        }
        await earth.until(nine + 80 * hour, fate);
        expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: 40 });
        expect(await bookFaults(db, run)).toEqual([]);
        const rows = await db.all<{ member: number; state: string; reason: string; at: number }>(sql`
        SELECT member, state, reason, at FROM send WHERE run = ${run} ORDER BY member`);
        expect(rows.map(({ member }) => member)).toEqual([...lived.keys()]);
        for (const { member, state, reason, at } of rows) {
          // In one of the zones in which the member was then the time had come.
          const all = lived.get(member) ?? [];
          const now = all.findLastIndex(({ from }) => from < at);
          const were = all.slice(Math.max(0, now)).filter(({ from }) => from <= at);
          expect(at).toBeGreaterThanOrEqual(Math.min(...were.map(({ zone }) => nineIn(zone))));
          if (state === "SKIPPED") expect([passed, reason]).toEqual(["SKIP", "TIME_PASSED"]);
          const zone = all[0]?.zone ?? "";
          const hasMoved = lived.get(member)?.length !== 1;
          if (hasMoved) continue;
          const late = at - nineIn(zone);
          const isOnTime = late <= 60 * minute;
          expect([state, late % (24 * hour) <= 60 * minute]).toEqual([
            passed === "SKIP" && !isOnTime ? "SKIPPED" : "SENT",
            isOnTime || passed === "NEXT_DAY",
          ]);
        }
        await ledger.stop();
      }),
      { numRuns: counted(4, 400) },
    );
  },
  counted(60_000, 900_000),
);

test("a page that was parked when its members moved on takes them along when it is replayed", async () => {
  const ledger = await openLedger();
  const earth = earthOf(ledger, { now: nine - 20 * hour, pageSize: 3 });
  const { ctx } = earth;
  await earth.settle({ "Asia/Tokyo": 3, "": 3 });
  const run = await earth.launch({ startsAt: nine });
  await earth.until(nine - 6 * hour, async () => {
    await parkPage(ctx, { run, page: 0 });
    return "once" as const;
  });
  await earth.until(nine + hour);
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "FAILED", matched: 3 });
  await earth.moves(1, "America/New_York");
  await unparkPage(ctx, { run, page: 0 });
  await writePage(ctx, { run, page: 0 });
  expect(await runOf(ctx.db, run)).toMatchObject({ state: "COMPLETED", matched: 6 });
  expect(await bookFaults(ctx.db, run)).toEqual([]);
});
