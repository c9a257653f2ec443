import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { countRows } from "../../../src/campaign/ledger/counts.ts";
import { moveSends } from "../../../src/campaign/ledger/move-sends.ts";
import { forgetSends } from "../../../src/campaign/ledger/retention.ts";
import { wakeSends } from "../../../src/campaign/ledger/wake.ts";
import { openTestDatabase } from "../../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  db = await openTestDatabase();
  const send = (member: number, state: string, reason = "", dueAt: number | null = null) => sql`
    INSERT INTO send (run, channel, member, state, reason, at, due_at)
    VALUES (1, 'EMAIL', ${member}, ${state}, ${reason}, 0, ${dueAt})`;
  await db.write([
    sql`
      INSERT INTO campaign (id, name, state, topic, audience, channels, reach, content, author, created_at, updated_at)
      VALUES (1, 'Sale', 'ENDED', 'news', '{"everyone":true}', '["EMAIL"]', 'EACH', '{}', 'ada', 1, 2)`,
    sql`INSERT INTO run (id, campaign, due_at, state, completed_at) VALUES (1, 1, 0, 'COMPLETED', 5)`,
    ...[1, 2, 3].map((member) => send(member, "SENDING")),
    ...[4, 5, 6].map((member) => send(member, "PENDING", "QUIET_HOURS", member)),
    countRows(sql`run = 1`),
  ]);
});
afterAll(() => db.close());

async function counts(): Promise<Record<string, number>> {
  const rows = await db.all<{ name: string; n: number }>(sql`
    SELECT state || ' ' || reason AS name, n FROM tally WHERE run = 1 AND n <> 0 ORDER BY 1`);
  return Object.fromEntries(rows.map(({ name, n }) => [name.trim(), n]));
}

test("sends that move take their counts along, and the same statements again move nothing", async () => {
  const move = moveSends({
    where: sql`run = 1 AND state = 'SENDING' AND member < 3`,
    to: "UNKNOWN",
    reason: "LOST",
    now: 7,
  });
  await db.write(move);
  await db.write(move);
  expect(await counts()).toEqual({ SENDING: 1, "UNKNOWN LOST": 2, "PENDING QUIET_HOURS": 3 });
  const [row] = await db.all(sql`SELECT state, reason, at FROM send WHERE member = 1`);
  expect(row).toEqual({ state: "UNKNOWN", reason: "LOST", at: 7 });
});

test("deferred sends wake when they are due, so many at a time, and are counted as ready", async () => {
  const [, , woken] = await db.write(wakeSends(1, 5, 1));
  expect(woken?.rowsAffected).toBe(1);
  const [, , rest] = await db.write(wakeSends(1, 5, 10));
  expect(rest?.rowsAffected).toBe(1);
  expect(await counts()).toEqual({ SENDING: 1, "UNKNOWN LOST": 2, PENDING: 2, "PENDING QUIET_HOURS": 1 });
});

test("of a run that ended long ago the rows are forgotten, so many at a time, and the counts kept", async () => {
  const before = await counts();
  const [kept] = await db.write([forgetSends({ endedBefore: 5, limit: 4 })]);
  expect(kept?.rowsAffected).toBe(0);
  const [first] = await db.write([forgetSends({ endedBefore: 6, limit: 4 })]);
  const [second] = await db.write([forgetSends({ endedBefore: 6, limit: 4 })]);
  expect([first?.rowsAffected, second?.rowsAffected]).toEqual([4, 2]);
  expect(await counts()).toEqual(before);
});
