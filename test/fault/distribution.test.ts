import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { faultsOfDistribution, fileOf, shuffled, told } from "../support/distributions.ts";
import { mendedGate } from "../support/flash-sale.ts";
import { testContext } from "../support/graphql.ts";
import { counted, isLong } from "../support/length.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { reportOf, rowsOfCsv } from "../support/reports.ts";
import { accepted, addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { sharedRows, workbookOf } from "../support/workbook.ts";

const rows = counted(3_000, 200_000);
const kills = counted(1, 50);
/** While the report is taken out. */
const reportKills = counted(1, 10);
/** At the same time. */
const processes = isLong ? [1, 2] : [1];
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const cleanup: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of cleanup.reverse()) await stop();
});

/** A file of members in any order: of each hundred rows one names nobody, and one a member for the second time. */
function table(random: () => number): string[][] {
  const ids = shuffled(
    Array.from({ length: rows }, (_, i) => `x${i + 1}`),
    random,
  );
  const named = ids.map((id, i) => (i % 100 === 50 ? `nobody ${i}` : i % 100 === 70 ? (ids[i - 60] ?? id) : id));
  return [["externalId", "note"], ...named.map((id, i) => [id, `note ${i}`])];
}

/** Enough, or not: what is left is the same in gate and database, or nothing is. */
const stockOf = { csv: 2 * rows, xlsx: 0.9 * rows } as const;

/** Files that a process that was killed left behind, where they can be read without a name: an empty folder is none. */
const leftFiles = () => {
  if (process.platform !== "linux") return [];
  const dirs = readdirSync(tmpdir()).filter((name) => name.startsWith("fanfare-distribution-"));
  return dirs.filter((name) => readdirSync(join(tmpdir(), name)).length > 0);
};

/** How far it is, of twice its rows: read, and with an outcome. */
async function progressOf(db: RootDatabase, id: number): Promise<number> {
  const found = await db.first<{ n: number }>(sql`
    SELECT rows + (SELECT coalesce(sum(ended), 0) FROM distribution_count WHERE distribution = ${id}) AS n
    FROM distribution WHERE id = ${id}`);
  return found?.n ?? 0;
}

test.if(hasRedis).each(isLong ? (["csv", "xlsx"] as const) : (["csv"] as const))(
  `${kills} × kill -9 amid ${rows} rows of %s, ${processes.length} processes, and amid the report: a row has one ` +
    "outcome, no unit is lost",
  async (format) => {
    const before = leftFiles();
    const ledger = join(tempDir(), "fanfare.db");
    const db = await openTestDatabase(ledger);
    const redis = await startRedis();
    cleanup.push(redis.stop, db.close);
    const ctx = testContext(db);
    await addMembers(db, rows);
    const stock = stockOf[format];
    const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock })).id;
    const random = seededRandom(seed);
    const cells = table(random);
    const content =
      format === "csv" ? cells.map((row) => `${row.join(",")}\n`).join("") : workbookOf(sharedRows(cells));
    const { id } = accepted(await uploadDistribution(ctx, fileOf(content, `members.${format}`), { template }));
    const spawn = (n: number) => {
      const script = join(import.meta.dir, "../support/distribution-victim.ts");
      const args = [ledger, redis.url, String(id), String(seed + n)];
      return Bun.spawn([process.execPath, script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    };
    let last = 0;
    for (let n = 0; n < kills; n++) {
      const victims = processes.map((each) => spawn(2 * n + each));
      cleanup.push(() => victims.map((victim) => victim.kill("SIGKILL")));
      const at = ((n + random()) * 2 * rows) / kills;
      const isThere = async () => {
        last = await progressOf(db, id);
        return last >= Math.min(at, 2 * rows - 1);
      };
      await until(isThere, 600_000, `row ${at}`);
      await Bun.sleep(random() * 40); // amid a commit, or between two
      for (const victim of victims) victim.kill("SIGKILL");
      await Promise.all(victims.map(({ exited }) => exited));
    }
    for (let n = 0; n < reportKills; n++) {
      const victim = spawn(-10 - n);
      cleanup.push(() => victim.kill("SIGKILL"));
      expect((await victim.stdout.getReader().read()).done).toBe(false); // that it has ended
      await Bun.sleep(random() * 200); // amid its report
      victim.kill("SIGKILL");
      await victim.exited;
    }
    const ends = processes.map((each) => spawn(-each));
    expect(await Promise.all(ends.map(({ exited }) => exited))).toEqual(processes.map(() => 0));
    console.log(`${format}, ${kills} + ${reportKills} kills, the last at ${last} of ${2 * rows}, seed ${seed}`);
    expect(await faultsOfDistribution(ctx, id)).toEqual([]);
    expect(leftFiles().filter((name) => !before.includes(name))).toEqual([]);
    const known = rows * 0.98;
    const issued = Math.min(stock, known);
    const outcomes = {
      ...{ UNKNOWN_MEMBER: rows / 100, DUPLICATE: rows / 100, ISSUED: issued },
      ...(known > issued && { OUT_OF_STOCK: known - issued }),
    };
    const done = accepted(await findDistribution(ctx, id));
    expect(told(done, "ended")).toEqual(outcomes);
    expect(told(done, "predicted")).toEqual(outcomes);
    expect(rowsOfCsv(await reportOf(ctx, id))).toHaveLength(1 + rows - issued);
    expect(await mendedGate(db, redis, template)).toEqual({ remaining: stock - issued, pending: 0 });
  },
  counted(60_000, 3_600_000),
);
