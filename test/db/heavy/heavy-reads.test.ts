import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type HeavySettings, openHeavyReader } from "../../../src/db/heavy/heavy-reads.ts";
import { type Runner, readerProcesses } from "../../../src/db/heavy/readers.ts";
import { inTurns } from "../../../src/db/heavy/turns.ts";
import { compile } from "../../../src/db/statement.ts";
import { realWorld } from "../../../src/world.ts";
import { openTestDatabase } from "../../support/database.ts";
import { addMembers } from "../../support/shop.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";

const { timers } = realWorld;
const path = join(tempDir(), "heavy.db");
const db = await openTestDatabase(path);
const url = `file:${path}`;
const gone: Error[] = [];
const usual: HeavySettings = { readers: 1, perAsker: 8, seconds: 60 };
const heavy = openHeavyReader({ url }, db, usual, { timers, onGone: (why) => gone.push(why) });
const reads = heavy.of({ name: "a test" });
afterAll(async () => {
  await heavy.close();
  await db.close();
});

/** Never ends by itself. */
const endless = sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n`;
const count = sql`SELECT count(*) AS n FROM member`;
const never = new AbortController().signal;

/** The processes that read this test's file. */
function pids(): number[] {
  const { stdout } = Bun.spawnSync(["pgrep", "-f", `reader.ts ${url}$`]);
  return stdout.toString().split("\n").filter(Boolean).map(Number);
}

test("what this process wrote is seen by the next heavy read, and the loop turns while it is read", async () => {
  for (const n of [3, 6]) {
    await addMembers(db, 3);
    expect(await reads.first<{ n: number }>(count)).toEqual({ n });
  }
  expect(await reads.all(sql`SELECT ${7} / ${2} AS half, ${"x"} AS text, NULL AS none`)).toEqual([
    { half: 3, text: "x", none: null },
  ]);
  let turns = 0;
  const turning = timers.every(1, () => turns++);
  await reads.first(
    sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT max(i) FROM n`,
  );
  turning.stop();
  expect(turns).toBeGreaterThan(3);
});

test("a heavy read cannot write, and a statement that fails harms no other", async () => {
  await expect(reads.all(sql`DELETE FROM member`)).rejects.toThrow(/readonly/);
  await expect(reads.all(sql`SELECT 1 FROM nowhere`)).rejects.toThrow(/nowhere/);
  expect(await reads.first<{ n: number }>(count)).toEqual({ n: 6 });
});

test("a reader that is killed is replaced, and its question asked once more", async () => {
  const answer = reads.first<{ n: number }>(sql`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT count(*) AS n FROM n`);
  const [pid = 0] = pids();
  process.kill(pid, "SIGKILL");
  expect(await answer).toEqual({ n: 300_000 });
  expect(gone.map(String)).toEqual(["ReaderGone: the reader ended with SIGKILL"]);
  expect(pids()).not.toContain(pid);
});

test("who hangs up, or asks too much, ends the reader's work, and the next is answered", async () => {
  const hangUp = new AbortController();
  const hungUp = heavy.of({ name: "gone", signal: hangUp.signal }).first(endless);
  const after = reads.first<{ n: number }>(count);
  hangUp.abort();
  expect(await after).toEqual({ n: 6 });
  expect(await hungUp).toMatchObject({ code: "TOO_COSTLY" });
  const short = openHeavyReader({ url }, db, { ...usual, seconds: 0.05 }, { timers, onGone: () => {} });
  expect(await short.of({ name: "slow" }).first(endless)).toMatchObject({ code: "TOO_COSTLY" });
  await short.close();
});

test("readers end with their server: when it closes, and when it is killed", async () => {
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "../../support/heavy-server.ts"), url], {
    stdout: "pipe",
  });
  const before = pids();
  await server.stdout.getReader().read();
  const added = pids().filter((pid) => !before.includes(pid));
  expect(added).toHaveLength(1);
  server.kill("SIGKILL");
  await until(async () => !pids().includes(added[0] ?? 0), undefined, "the reader to end");
  const closing = readerProcesses(url, timers, () => {});
  await closing.run(compile(count), never);
  expect(pids().length).toBe(before.length + 1);
  await closing.close();
  expect(pids()).toEqual(before);
  await expect(closing.run(compile(count), never)).rejects.toThrow("closed");
});

test("one asker's reads come one after the other, so many askers' at a time, and too many are refused", async () => {
  const started: string[] = [];
  const held: (() => void)[] = [];
  const runner: Runner = {
    run: (statement) => {
      started.push(statement.sql);
      return new Promise((resolve) => held.push(() => resolve([])));
    },
    close: async () => {},
  };
  const ask = inTurns(runner, { readers: 2, perAsker: 3, seconds: 60 }, timers);
  const answers = ["a1", "a2", "a3", "a4", "b1", "c1"].map((text) =>
    ask({ sql: text, args: [] }, { name: text[0] ?? "" }),
  );
  expect(await answers[3]).toMatchObject({ code: "RATE_LIMITED", retryAfterSeconds: 1 });
  expect(started).toEqual(["a1", "b1"]);
  for (let next = held.shift(); next; next = held.shift()) {
    next();
    await Bun.sleep(0); // a turn of the loop: the next one begins
  }
  await Promise.all(answers);
  expect(started).toEqual(["a1", "b1", "a2", "c1", "a3"]);
});
