import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createSegment } from "../../src/member/segment.ts";
import { startHrana } from "../support/hrana.ts";
import { counted } from "../support/length.ts";
import { accepted, closeShops, openShop } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  await closeShops();
  for (const stop of stops) await stop();
});

/** A remote database as far away as the next region, which takes the lock from whoever keeps others waiting. */
async function faraway(latencyMs = counted(2, 45)) {
  const server = await startHrana(join(tempDir(), "remote.db"), { latencyMs, stealAfterMs: counted(500, 5_000) });
  stops.push(() => server.stop());
  return server;
}

test("two processes whose first boot is at the same time both come up, 45 ms from their database", async () => {
  const server = await faraway(45);
  const boots = [1, 2].map(() => openShop({ env: { DATABASE_URL: server.url } }));
  const shops = await Promise.all(boots);
  expect(server.requests).toBeLessThan(40);
  const migrated = shops.map(({ app }) => app.notes.filter((note) => note.startsWith("migrated")).length);
  expect(migrated.sort()).toEqual([0, expect.any(Number)]);
  expect(shops.map(({ app }) => app.adminToken).filter((token) => token !== undefined)).toHaveLength(1);
  for (const { ctx } of shops) {
    expect(await ctx.db.all(sql`SELECT name FROM operator`)).toEqual([{ name: "first admin" }]);
  }
});

test("an operator's change that the database took back at its commit is made once, and written down once", async () => {
  const server = await faraway();
  const { ctx } = await openShop({ env: { DATABASE_URL: server.url } });
  let left = 2;
  server.undoBefore((statement) => statement === "COMMIT" && left-- > 0);
  const made = accepted(await createSegment(ctx, { name: "Everyone", filter: { level: { gte: 0 } } }));
  expect(left).toBeLessThanOrEqual(0);
  expect(await ctx.db.all(sql`SELECT id FROM segment`)).toEqual([{ id: made.id }]);
  const versions = await ctx.db.all(sql`SELECT 1 FROM revision WHERE subject = ${`segment/${made.id}`}`);
  expect(versions).toHaveLength(1);
});

test("I8 on a remote database a run is paused, resumed and completed as on a file, and adds up", async () => {
  const server = await faraway();
  const shop = await openShop({ env: { DATABASE_URL: server.url } });
  await shop.members(600);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 150 });
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL", "SMS"] });
  await until(async () => (await shop.sent(run)) >= 100);
  await shop.pause(run);
  await until(() => shop.idle(), undefined, "what was under way to end");
  expect(await shop.state(run)).toBe("PAUSED");
  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 600, "IN_APP SENT": 600, "SMS SENT": 600 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I7 answers of the remote database that nobody heard leave nobody out and nobody written to twice", async () => {
  const server = await faraway();
  const shop = await openShop({ env: { DATABASE_URL: server.url, QUEUE_RETRIES: "20" } });
  await shop.members(400);
  const run = await shop.launched({ channels: ["EMAIL", "SMS"] });
  const losing = setInterval(() => server.loseNextAnswer(), 40); // some answers get through
  await Bun.sleep(800); // so long it goes on
  clearInterval(losing);
  await shop.state(run).catch(() => {}); // the last answer to be lost may be this one
  await shop.endsSoon(run);
  const ledger = await shop.ledger(run);
  expect(ledger["EMAIL SENT"]).toBe(400);
  expect((ledger["SMS SENT"] ?? 0) + (ledger["SMS UNKNOWN LOST_WHILE_SENDING"] ?? 0)).toBe(400);
  expect(await shop.faults(run)).toEqual([]);
});
