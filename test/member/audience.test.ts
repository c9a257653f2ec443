import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { type Audience, audienceLimits, compileAudience, liveMember } from "../../src/audience/audience.ts";
import { audienceLanguage } from "../../src/audience/language.ts";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { compile, embed } from "../../src/db/statement.ts";
import { isRefusal } from "../../src/errors.ts";
import { memberTerms } from "../../src/member/audience-terms.ts";
import { samplePrime } from "../../src/member/sample-term.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "../support/database.ts";
import { counted } from "../support/length.ts";
import { tempDir } from "../support/temp.ts";
import { asOf, filter, person, shapes, shop, timeZone } from "./arbitrary.ts";
import { insertPeople, suppressions } from "./people.ts";
import { matches, type Person } from "./reference.ts";

const language = audienceLanguage(memberTerms);
const seed = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 2 ** 31));
const people: Person[] = fc
  .sample(person, { seed, numRuns: 150 })
  .map((random, i) => ({ ...random, seq: i + 1, id: `id${i + 1}`, external_id: `e${i + 1}` }));
const live = people.filter(({ seq }) => seq % 10 !== 0);
const suppressed = suppressions(people);

const file = join(tempDir(), "audience.db");
let db: RootDatabase;
beforeAll(async () => {
  db = await openTestDatabase(file);
  await insertPeople(db, people);
  await db.write([sql`UPDATE member SET deleted_at = 1 WHERE seq % 10 = 0`]);
});
afterAll(() => db.close());

function parsed(input: unknown): Audience {
  const audience = language.parse(input);
  if (isRefusal(audience)) throw new Error(audience.message);
  return audience;
}

async function select(input: unknown, from: "range" | "index" = "range"): Promise<number[]> {
  const predicate = embed(compile(compileAudience(parsed(input), { asOf, timeZone, shop, from })));
  const found = await db.all<{ seq: number }>(
    sql`SELECT m.seq FROM member m WHERE ${liveMember} AND ${predicate} ORDER BY 1`,
  );
  return found.map(({ seq }) => seq);
}

function faultsOf(input: unknown): string[] {
  const refusal = language.parse(input);
  if (!isRefusal(refusal) || refusal.code !== "INVALID_INPUT") throw new Error("it was accepted");
  return refusal.issues.map(({ path }) => path);
}

describe("random filters on random members", () => {
  const world = { asOf, timeZone, suppressed };
  test("select exactly whom the same filter in plain JavaScript selects, by range and by index", async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (random) => {
        const expected = live.filter((member) => matches(random, member, world)).map(({ seq }) => seq);
        expect(await select(random)).toEqual(expected);
        expect(await select(random, "index")).toEqual(expected);
      }),
      { seed, numRuns: counted(200, 600) },
    );
  });

  test.each(Object.entries(shapes))("select the same with the term %s alone", async (name, argument) => {
    await fc.assert(
      fc.asyncProperty(argument, async (random) => {
        const expected = live.filter((member) => matches({ [name]: random }, member, world)).map(({ seq }) => seq);
        expect(await select({ [name]: random })).toEqual(expected);
      }),
      { seed, numRuns: counted(50, 150) },
    );
  });

  test("are true or false of every member, so that a filter and its negation part the live members", async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (random) => {
        const predicate = compileAudience(parsed(random), { asOf, timeZone, shop });
        const values = await db.all(
          sql`SELECT DISTINCT (${predicate}) AS value FROM member m WHERE (${predicate}) IS NULL`,
        );
        expect(values).toEqual([]);
        const both = [...(await select(random)), ...(await select({ not: random }))].sort((a, b) => a - b);
        expect(both).toEqual(live.map(({ seq }) => seq));
      }),
      { seed, numRuns: counted(100, 300) },
    );
  });

  test("that say an index serves them are never answered by reading every member", async () => {
    const planner = await openDatabase({ url: `file:${file}` }, realWorld);
    await fc.assert(
      fc.asyncProperty(filter, async (random) => {
        const audience = parsed(random);
        if (!audience.condition.indexed) return;
        const predicate = compileAudience(audience, { asOf, timeZone, shop, from: "index" });
        const plan = await planner.all<{ detail: string }>(
          sql`EXPLAIN QUERY PLAN SELECT count(*) FROM member m WHERE ${liveMember} AND ${predicate}`,
        );
        expect(plan.map(({ detail }) => detail).filter((detail) => /^SCAN m\b/.test(detail))).toEqual([]);
      }),
      { seed, numRuns: counted(200, 600) },
    );
    await planner.close();
  });

  test("use every term that members have", () => {
    expect(Object.keys(shapes).toSorted()).toEqual(memberTerms.map(({ name }) => name).toSorted());
  });
});

describe("a faulty filter names the place of the fault", () => {
  test.each([
    [{ and: [{ control: true }, { level: { gte: "3" } }] }, ["and.1.level.gte"]],
    [{ and: [{ levle: { gte: 3 } }] }, ["and.0.levle"]],
    [{ not: { level: {} } }, ["not.level"]],
    [{ level: { gte: 3 }, points: { eq: 1 } }, [""]],
    [{}, [""]],
    ["everyone", [""]],
    [{ or: [] }, ["or"]],
    [{ tag: { any: [] } }, ["tag.any"]],
    [{ tag: { any: ["a", ""] } }, ["tag.any.1"]],
    [{ attribute: { path: 'a"b', eq: 1 } }, ["attribute.path"]],
    [{ attribute: { path: "size" } }, ["attribute"]],
    [{ attribute: { path: "a", between: { from: 1, to: "2" } } }, ["attribute.between"]],
    [{ sample: { percent: 1.234, seed: "a" } }, ["sample.percent"]],
    [{ registeredAt: { gte: "yesterday" } }, ["registeredAt.gte"]],
    [
      { registeredAt: { between: { from: "2026-01-01T01:00:00+02:00", to: "2025-12-31T22:59:59Z" } } },
      ["registeredAt.between"],
    ],
    [{ birthday: { eq: "2026-02-30" } }, ["birthday.eq"]],
    [{ consented: { channel: "FAX" } }, ["consented.channel"]],
    [{ email: { contains: "\ud800" } }, ["email.contains"]],
    [{ level: { gte: 3, than: 1 } }, ["level"]],
    [JSON.parse('{ "__proto__": { "gte": 3 } }'), ["__proto__"]],
    [{ or: [{ level: { gte: null } }, { points: { in: [1, 1.5] } }] }, ["or.0.level.gte", "or.1.points.in.1"]],
  ] as [unknown, string[]][])("%j", (input, paths) => {
    expect(faultsOf(input)).toEqual(paths);
  });

  test("one deeper than the language allows is refused where it gets too deep", () => {
    const nested = (depth: number): object => (depth === 1 ? { control: true } : { not: nested(depth - 1) });
    expect(isRefusal(language.parse(nested(audienceLimits.depth)))).toBe(false);
    expect(faultsOf(nested(audienceLimits.depth + 1))).toEqual(["not.not.not.not.not.not.not.not"]);
  });

  test("one with more conditions than the language allows is refused once", () => {
    const many = (count: number) => ({ or: Array.from({ length: count }, () => ({ control: true })) });
    expect(isRefusal(language.parse(many(audienceLimits.nodes - 1)))).toBe(false);
    expect(faultsOf(many(500))).toHaveLength(1);
  });

  test("a list of more than 1,000 values is refused", () => {
    expect(faultsOf({ level: { in: Array.from({ length: 1001 }, (_, i) => i) } })).toEqual(["level.in"]);
  });
});

test("the largest filter with the longest lists is still one statement", async () => {
  const values = Array.from({ length: 1000 }, (_, i) => `value${i}@shop.example`);
  const largest = { or: Array.from({ length: 199 }, () => ({ and: [{ email: { in: values } }] })).slice(0, 99) };
  expect(await select(largest)).toEqual([]);
});

test("who was born on 29 February has birthday on the 28th of a common year, the 29th of a leap year", async () => {
  const leapling = live.find(({ birthday }) => birthday !== null)!;
  await db.write([sql`UPDATE member SET birthday = '2000-02-29' WHERE seq = ${leapling.seq}`]);
  const keeps = async (day: string, asked: object) => {
    const env = { asOf: Date.parse(`${day}T12:00:00Z`), timeZone, shop };
    const predicate = compileAudience(parsed({ birthday: asked }), env);
    return db.first(sql`SELECT 1 FROM member m WHERE m.seq = ${leapling.seq} AND ${predicate}`);
  };
  for (const day of ["2026-02-28", "2028-02-29"]) expect(await keeps(day, { today: true })).toBeDefined();
  for (const day of ["2026-02-27", "2026-03-01", "2028-02-28", "2028-03-01"])
    expect(await keeps(day, { today: true })).toBeUndefined();
  expect(await keeps("2026-01-29", { inNextDays: 30 })).toBeDefined();
  expect(await keeps("2026-02-28", { inNextDays: 300 })).toBeUndefined();
  await db.write([sql`UPDATE member SET birthday = ${leapling.birthday} WHERE seq = ${leapling.seq}`]);
});

describe("a sample", () => {
  const draw = async (percent: number, seed: string, members = 100_000) => {
    const predicate = compileAudience(parsed({ sample: { percent, seed } }), { asOf, timeZone, shop });
    return db.all<{ seq: number }>(sql`
      WITH RECURSIVE m (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM m WHERE seq < ${members})
      SELECT m.seq FROM m WHERE ${predicate}`);
  };

  test("has the size that was asked for, within five standard deviations", async () => {
    for (const percent of [0.01, 1, 12.5, 50, 99]) {
      const expected = 1000 * percent;
      const deviation = Math.sqrt(expected * (1 - percent / 100));
      const { length } = await draw(percent, `size ${percent}`);
      expect(Math.abs(length - expected)).toBeLessThan(5 * deviation);
    }
    expect(await draw(100, "all", 1000)).toHaveLength(1000);
    expect(await draw(0, "none", 1000)).toHaveLength(0);
  });

  test("of a larger percentage contains the smaller one of the same seed", async () => {
    const larger = new Set((await draw(10, "same")).map(({ seq }) => seq));
    expect((await draw(5, "same")).every(({ seq }) => larger.has(seq))).toBe(true);
  });

  test("is independent of the sample of another seed", async () => {
    const one = new Set((await draw(20, "one")).map(({ seq }) => seq));
    const both = (await draw(20, "two")).filter(({ seq }) => one.has(seq)).length;
    expect(Math.abs(both - 4000)).toBeLessThan(5 * Math.sqrt(4000));
  });

  test("keeps to integers for the largest row ids", async () => {
    const predicate = compileAudience(parsed({ sample: { percent: 50, seed: "far" } }), { asOf, timeZone, shop });
    const ids = JSON.stringify(Array.from({ length: 200 }, (_, i) => i));
    const far = await db.all<{ seq: number; hit: number }>(sql`
      SELECT m.seq, (${predicate}) AS hit
      FROM (SELECT 9007199254740000 + value AS seq FROM json_each(${ids})) m`);
    expect(samplePrime * samplePrime).toBeLessThan(2 ** 63);
    for (const { seq, hit } of far)
      expect(hit === 1).toBe(
        matches({ sample: { percent: 50, seed: "far" } }, { seq } as Person, { asOf, timeZone, suppressed }),
      );
  });
});
