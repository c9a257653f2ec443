import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { withTransaction } from "../../src/context.ts";
import { compile, type Query } from "../../src/db/statement.ts";
import { ScheduleFacts } from "../../src/schedule/facts.ts";
import { setHolidays } from "../../src/schedule/set-holidays.ts";
import { startSchedule } from "../../src/schedule/start.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { overheard } from "../support/overheard.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const hour = 3_600_000;

test("a list of holidays changes what is planned of all that name it, in as many statements as of one", async () => {
  const { ctx: real } = await openLedger();
  const start = Date.parse("2027-12-24T12:00:00Z");
  let now = start;
  const asked: Query[] = [];
  const ctx = overheard({ ...real, clock: () => now }, asked);
  const list = accepted(await setHolidays(ctx, { name: "Days off", dates: [] })).id;
  const begins = (thing: number, holidays: number[]) => {
    const recurrence = { cron: { line: `${thing % 60} * * * *` } };
    const facts = ScheduleFacts.parse({ recurrence, zone: "UTC", exclude: { holidays } });
    return withTransaction(ctx, (tx) => startSchedule(tx, { noun: "campaign", thing, shop: "", name: "x", facts }));
  };
  const says = async (...dates: string[]) => {
    asked.length = 0;
    accepted(await setHolidays(ctx, { name: "Days off", dates }));
    return asked.length;
  };
  await begins(1, [list]);
  await begins(2, []);
  const ofOne = await says("2027-12-25");
  for (let thing = 3; thing < 40; thing++) await begins(thing, [list]);
  now += 3 * hour; // what has come meanwhile stays as it was
  expect(await says("2027-12-24", "2027-12-26")).toBeLessThanOrEqual(ofOne + 2);
  const off = await real.db.all<{ thing: number; day: string; n: number; off: number }>(sql`
    SELECT s.thing, date(o.planned_at / 1000, 'unixepoch') AS day, count(*) AS n, sum(o.state = 'SKIPPED') AS off
    FROM occurrence o JOIN schedule s ON s.id = o.schedule
    WHERE o.planned_at < ${start + 24 * hour} AND (o.planned_at >= ${now} OR o.state = 'PLANNED')
    GROUP BY 1, 2 ORDER BY 1, 2`);
  expect(off).toHaveLength(2 * 39);
  for (const { thing, day, n, off: skipped } of off)
    expect([thing, day, skipped]).toEqual([thing, day, thing !== 2 && day === "2027-12-24" ? n - 3 : 0]);
  const plan = asked
    .map(compile)
    .filter(({ sql }) => sql.includes("first_clock AS firstClock"))
    .map(({ sql, args }) => real.db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, args }));
  expect((await Promise.all(plan)).flat().filter(({ detail }) => detail.includes("schedule_open"))).toEqual([]);
});
