import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { tempDir } from "../support/temp.ts";

const migrations = join(import.meta.dir, "../../migrations");

test("campaigns from before there were coupons stay what they were, and what refers to them still does", async () => {
  const dir = tempDir();
  const before = join(dir, "migrations");
  mkdirSync(before);
  for (const name of readdirSync(migrations).filter((name) => name < "0011"))
    cpSync(join(migrations, name), join(before, name));
  const db = await openDatabase({ url: `file:${join(dir, "old.db")}` }, realWorld);
  await migrate(db, Date.now, before);
  await db.write([
    sql`
      INSERT INTO campaign (id, name, state, topic, audience, channels, reach, content, author, created_at, updated_at)
      VALUES (7, 'Old', 'ENDED', 'news', '{"everyone":true}', '["IN_APP"]', 'EACH', '{}', 'ada', 1, 2)`,
    sql`INSERT INTO run (id, campaign, due_at, state) VALUES (3, 7, 5, 'COMPLETED')`,
    sql`INSERT INTO transition (campaign, from_state, to_state, actor, at) VALUES (7, 'DRAFT', 'ACTIVE', 'ada', 1)`,
  ]);
  expect(await migrate(db, Date.now)).toContain("0011_coupon_campaigns.sql");
  expect(await db.first(sql`SELECT id, name, kind, coupon_template, state, created_at FROM campaign`)).toEqual({
    id: 7,
    name: "Old",
    kind: "ANNOUNCEMENT",
    coupon_template: null,
    state: "ENDED",
    created_at: 1,
  });
  expect(await db.all(sql`SELECT * FROM pragma_foreign_key_check`)).toEqual([]);
  const orphan = db.write([sql`INSERT INTO run (campaign, due_at, state) VALUES (99, 5, 'PENDING')`]);
  await expect(orphan).rejects.toThrow("FOREIGN KEY");
  await db.close();
});

test("campaigns that gave coupons, and their runs, stay what they were when actions become a list", async () => {
  const dir = tempDir();
  const before = join(dir, "migrations");
  mkdirSync(before);
  for (const name of readdirSync(migrations).filter((name) => name < "0015"))
    cpSync(join(migrations, name), join(before, name));
  const db = await openDatabase({ url: `file:${join(dir, "old.db")}` }, realWorld);
  await migrate(db, Date.now, before);
  const campaign = (id: number, kind: string) => sql`
    INSERT INTO campaign
      (id, name, kind, state, topic, audience, channels, reach, content, author, created_at, updated_at)
    VALUES (${id}, 'Old', ${kind}, 'ENDED', 'news', '{"everyone":true}', '[]', 'EACH', '{}', 'ada', 1, 2)`;
  const run = (id: number, frozen: unknown) => sql`
    INSERT INTO run (id, campaign, due_at, state, frozen)
    VALUES (${id}, ${id}, 5, 'COMPLETED', ${frozen === null ? null : JSON.stringify(frozen)})`;
  const rule = { sql: "m.level > ?", args: [2] };
  await db.write([
    ...[
      campaign(1, "ANNOUNCEMENT"),
      campaign(2, "COUPON_ISSUE"),
      campaign(3, "COUPON_INVITE"),
      campaign(4, "ANNOUNCEMENT"),
    ],
    ...[
      run(1, { topic: "a", coupon: null }),
      run(2, { topic: "b", coupon: { kind: "COUPON_ISSUE", eligibility: rule } }),
    ],
    ...[run(3, { topic: "c" }), run(4, null)],
  ]);
  expect(await migrate(db, Date.now)).toContain("0015_campaign_actions.sql");
  expect(await db.all(sql`SELECT kind FROM campaign ORDER BY id`)).toEqual(
    ["ANNOUNCEMENT", "COUPON_ISSUE", "COUPON_INVITE", "ANNOUNCEMENT"].map((kind) => ({ kind })),
  );
  const kept = await db.all<{ frozen: string | null }>(sql`SELECT frozen FROM run ORDER BY id`);
  expect(kept.map(({ frozen }) => JSON.parse(frozen ?? "null"))).toEqual([
    { topic: "a", action: { kind: "ANNOUNCEMENT" } },
    { topic: "b", action: { kind: "COUPON_ISSUE", eligibility: rule } },
    { topic: "c", action: { kind: "ANNOUNCEMENT" } },
    null,
  ]);
  expect(await db.all(sql`SELECT * FROM pragma_foreign_key_check`)).toEqual([]);
  await db.close();
});
