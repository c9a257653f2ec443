import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { domains } from "../../src/domains.ts";
import { filesOf, sources } from "./source.ts";

/** Tables of the floors, by the file or folder that alone writes them. */
const floors: Readonly<Record<string, readonly string[]>> = {
  "queue/": ["outbox", "event", "event_mark", "consumer", "parked_range"],
  "idempotency.ts": ["idempotency"],
  "db/": ["migration"],
};

const owners = new Map([
  ...domains.flatMap(({ name, tables }) => tables.map((table) => [table, `${name}/`] as const)),
  ...Object.entries(floors).flatMap(([owner, tables]) => tables.map((table) => [table, owner] as const)),
]);

/** The database as all migrations leave it, in memory. */
const migrated = new Database(":memory:");
for (const { text } of filesOf("migrations/*.sql")) migrated.run(text);

function tableNames(): string[] {
  const rows = migrated.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1");
  return rows.all().flatMap(({ name }) => (name.startsWith("sqlite_") ? [] : [name]));
}

test("every table belongs to a domain or a floor, once", () => {
  const named = [...domains.flatMap(({ tables }) => tables), ...Object.values(floors).flat()];
  expect(named.toSorted()).toEqual([...tableNames(), "migration"].toSorted());
});

test("a table is written by its owner alone", () => {
  const ofDrizzle = new Map(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/const (\w+) = sqliteTable\(\s*"(\w+)"/g)].map(([, name = "", table = ""]) => [name, table]),
    ),
  );
  const writes =
    /\b(?:INSERT(?: OR \w+)? INTO|UPDATE(?: OR \w+)?|DELETE FROM)\s+(\w+)|\.(?:insert|update|delete)\((\w+)\)/g;
  const strange = sources
    .filter(({ path }) => !/^(queue\/broker|channels\/sandbox)\//.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(writes)]
        .map(([, table, variable]) => table ?? ofDrizzle.get(variable ?? "") ?? "")
        .filter((table) => owners.has(table) && !path.startsWith(owners.get(table) ?? ""))
        .map((table) => `${path} writes ${table} of ${owners.get(table)}`),
    );
  expect(strange).toEqual([]);
});

test("every table with a column of members is in some domain's personal data", () => {
  const columns = migrated.query<{ name: string; member: string }, []>(`
    SELECT t.name, c.name AS member FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND c.name IN ('member', 'member_seq') ORDER BY 1`);
  const kept = domains.flatMap(({ personalData = [] }) => personalData.map(({ table }) => table));
  expect(columns.all().flatMap(({ name }) => (kept.includes(name) ? [] : [name]))).toEqual([]);
});
