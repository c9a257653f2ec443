import { join } from "node:path";
import { sql } from "drizzle-orm";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { realWorld } from "../../src/world.ts";

/** What the database says after an issue that was killed in the middle and taken up again. */
export interface AfterCrash {
  /** Members who had a coupon when it was killed. */
  readonly whenKilled: number;
  readonly coupons: number;
  readonly membersWithOne: number;
  readonly membersWithMore: number;
  readonly membersWithNone: number;
  readonly issued: number;
  readonly reserved: number;
  readonly ledgerSent: number;
  readonly tallySent: number;
  readonly run: string;
}

/**
 * Starts the issue, kills it with -9 when about half of the members have theirs, starts it again, and counts by SQL
 * what came of it.
 */
export async function crash(
  dir: string,
  members: number,
  start: (mode: string) => Bun.Subprocess,
): Promise<AfterCrash> {
  const victim = start("");
  const db = await openDatabase({ url: `file:${join(dir, "fanfare.db")}` }, realWorld);
  while ((await issuedOf(db)) < members / 2) await Bun.sleep(5);
  victim.kill("SIGKILL");
  await victim.exited;
  const whenKilled = await issuedOf(db);
  const heir = start("go-on");
  if ((await heir.exited) !== 0) throw new Error("the issue did not go on");
  const sums = await sumsOf(db);
  await db.close();
  return { whenKilled, ...sums };
}

async function issuedOf(db: RootDatabase): Promise<number> {
  return (await db.first<{ n: number }>(sql`SELECT coalesce(max(issued), 0) AS n FROM coupon_template`))?.n ?? 0;
}

async function sumsOf(db: RootDatabase): Promise<Omit<AfterCrash, "whenKilled">> {
  const row = await db.first<Omit<AfterCrash, "whenKilled">>(sql`
    WITH held AS (SELECT member, count(*) AS n FROM coupon GROUP BY member)
    SELECT (SELECT count(*) FROM coupon) AS coupons,
      (SELECT count(*) FROM held WHERE n = 1) AS membersWithOne,
      (SELECT count(*) FROM held WHERE n > 1) AS membersWithMore,
      (SELECT count(*) FROM member WHERE seq NOT IN (SELECT member FROM held)) AS membersWithNone,
      (SELECT issued FROM coupon_template) AS issued, (SELECT reserved FROM coupon_template) AS reserved,
      (SELECT count(*) FROM send WHERE channel = 'COUPON' AND state = 'SENT') AS ledgerSent,
      (SELECT n FROM tally WHERE channel = 'COUPON' AND state = 'SENT') AS tallySent, (SELECT state FROM run) AS run`);
  if (!row) throw new Error("nothing was counted");
  return row;
}
