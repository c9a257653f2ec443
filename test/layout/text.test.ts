import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { codeOf, filesOf, sources } from "./source.ts";

/** Migrations that are applied somewhere must not change by a letter. */
const applied = /^migrations\/00(0\d|1[0-3])_/;

test("no line is longer than 120 columns", () => {
  const files = filesOf("{src,test,bench}/**/*.ts", "src/**/*.lua", "bin/*", "migrations/*.sql");
  const long = files
    .filter(({ path }) => !applied.test(path))
    .flatMap(({ path, text }) => {
      const lines = text.split("\n").flatMap((line, i) => ([...line].length > 120 ? [i + 1] : []));
      return lines.map((line) => `${path}:${line}`);
    });
  expect(long).toEqual([]);
});

/**
 * Where time, chance, ids and timers come from: `world.ts` makes them, and the command line has its own; the broker is
 * a server of its own; metrics and requests are timed by the process's clock, whatever the product's says; codes made
 * in the database are of its generator, a cipher keyed by the system, for nobody must guess them.
 */
const sourcesOfTime = [
  /^world\.ts$/,
  /^cli\//,
  /^queue\/broker\//,
  /^(operations\/metrics|jobs\/route)\.ts$/,
  /^coupon\/issue\/code-in-sql\.ts$/,
];

test("time, chance, ids and timers come from the context alone", () => {
  const calls =
    /\b(Date\.now|Math\.random|randomUUID(v7)?|performance\.now|set(Timeout|Interval|Immediate)|Bun\.sleep)\b/;
  const inSql = /(?<![.\w])random(blob)?\(\d*\)/;
  const found = sources
    .filter(({ path }) => !sourcesOfTime.some((pattern) => pattern.test(path)))
    .flatMap((file) => {
      const lines = codeOf(file).split("\n");
      return lines.filter((line) => calls.test(line) || inSql.test(line)).map((line) => `${file.path}: ${line.trim()}`);
    });
  expect(found).toEqual([]);
});

/** The text of all that the migrations leave: tables, indexes, triggers. */
function migrated(): string[] {
  const db = new Database(":memory:");
  for (const { text } of filesOf("migrations/*.sql")) db.run(text);
  const made = db.query<{ sql: string }, []>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  return made.all().map((row) => row.sql);
}

test("no statement and no trigger asks the database for the time, which is not the shop's", () => {
  const clocks = [
    /\bCURRENT_(TIME|DATE|TIMESTAMP)\b/i,
    /\b(unixepoch|julianday|datetime|date|time)\(\s*(\)|'(now|subsec))/i,
    /\bstrftime\(\s*'[^']*'\s*(\)|,\s*'now')/i,
  ];
  const asks = (text: string) => text.split("\n").filter((line) => clocks.some((clock) => clock.test(line)));
  const migrations = filesOf("migrations/*.sql").filter(({ path }) => path > "migrations/0041");
  const found = [...sources.map((file) => ({ ...file, text: codeOf(file) })), ...migrations].flatMap(({ path, text }) =>
    asks(text).map((line) => `${path}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
  // What older migrations made and is still there must not either.
  expect(migrated().filter((text) => asks(text).length > 0)).toEqual([]);
});

test("no server shares its port unasked: two of them would both listen, and requests go to either", () => {
  const opened = sources.flatMap(({ path, text }) =>
    text
      .split("Bun.serve({")
      .slice(1)
      .map((options) => ({ path, alone: options.slice(0, 200).includes("reusePort: false") })),
  );
  expect(opened.length).toBeGreaterThan(1);
  // The listener shares it where it was told to.
  expect(opened.filter(({ path, alone }) => !alone && path !== "web/listener.ts")).toEqual([]);
});
