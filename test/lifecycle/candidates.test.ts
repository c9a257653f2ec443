import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { compile, type Query } from "../../src/db/statement.ts";
import { candidates, type Place, type Search } from "../../src/lifecycle/candidates.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { overheard } from "../support/overheard.ts";

afterAll(closeLedgers);

/** Born a year apart on days around a turn of the year, and looked for as it turns. */
const births = ["12-29", "12-30", "12-31", "01-01", "01-02", "01-03", "07-01"].flatMap((monthDay) =>
  [1950, 1960, 1970].map((year) => `${year}-${monthDay}`),
);

test("birthdays are read page by page off their index, each once, and without those who are decided on", async () => {
  const { ctx: real, members } = await openLedger();
  const asked: Query[] = [];
  const ctx = overheard(real, asked);
  await members(births.length);
  await real.db.write(births.map((birthday, i) => sql`UPDATE member SET birthday = ${birthday} WHERE seq = ${i + 1}`));
  const now = Date.parse("2028-01-01T08:00:00Z");
  const search: Search = { policy: 7, shop: "", kind: "BIRTHDAY", days: 0, hour: 9, since: now - 900_000, now };
  const read = async () => {
    const found: string[] = [];
    for (let after: Place | undefined; ; ) {
      const page = await candidates(ctx, search, after, 4);
      found.push(...page.map(({ value }) => String(value)));
      const last = page.at(-1);
      if (!last) return found;
      after = { value: last.value, id: last.id };
    }
  };
  const around = births.filter((birthday) => /12-3[01]$|01-0[12]$/.test(birthday)).sort();
  expect(await read()).toEqual(around);
  // Wished this year, or the year before: of each side of the turn only its own year's occasion counts.
  const wished = (birthday: string, year: number) => sql`
    INSERT INTO lifecycle_mark (policy, member, occasion, look, at)
    SELECT 7, seq, ${`birthday/${year}`}, 1, ${now} FROM member WHERE birthday = ${birthday}`;
  await real.db.write([wished("1950-12-31", 2027), wished("1950-01-01", 2028), wished("1960-01-01", 2027)]);
  expect(await read()).toEqual(around.filter((birthday) => !["1950-12-31", "1950-01-01"].includes(birthday)));
  const plans = asked.slice(-1).map(compile);
  for (const { sql: text, args } of plans) {
    const steps = await real.db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${text}`, args });
    expect(steps.filter(({ detail }) => /^SCAN m|TEMP B-TREE/.test(detail))).toEqual([]);
    expect(steps.some(({ detail }) => detail.includes("member_birthday (birthday=?)"))).toBe(true);
  }
});
