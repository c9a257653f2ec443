import { Database as Sqlite } from "bun:sqlite";
import { sql } from "drizzle-orm";
import { channelNames, isExternal } from "../../src/channels/catalog.ts";
import type { Database } from "../../src/db/client.ts";

/**
 * The ledger's rows of a run, counted from the ledger itself: `{ "EMAIL SENT": 90, "EMAIL SKIPPED NO_CONSENT": 10 }`.
 */
export async function ledgerOf(db: Database, run: number): Promise<Record<string, number>> {
  const rows = await db.all<{ key: string; n: number }>(sql`
    SELECT rtrim(channel || ' ' || state || ' ' || reason) AS key, count(*) AS n
    FROM send WHERE run = ${run} GROUP BY 1 ORDER BY 1`);
  return Object.fromEntries(rows.map(({ key, n }) => [key, n]));
}

/** How the run stands and how many members it matched. */
export async function runOf(db: Database, run: number): Promise<{ state: string; matched: number; pages: number }> {
  const row = await db.first<{ state: string; matched: number; pages: number }>(
    sql`SELECT state, matched, pages FROM run WHERE id = ${run}`,
  );
  if (!row) throw new Error(`there is no run ${run}`);
  return row;
}

/**
 * Everything about a run that does not add up, a sentence each (I7, I8): tally against ledger, every channel against
 * the matched members, local rows and the sandbox's own log against SENT rows; of a run that has ended also that
 * nothing is open.
 */
export async function faultsOf(db: Database, sandboxPath: string, run: number): Promise<string[]> {
  return [...(await bookFaults(db, run)), ...(await deliveryFaults(db, sandboxPath, run))];
}

/** The same from the database alone: what was delivered is not asked. */
export async function bookFaults(db: Database, run: number): Promise<string[]> {
  return [
    ...(await tallyFaults(db, run)),
    ...(await sumFaults(db, run)),
    ...(await localFaults(db, run)),
    ...(await openFaults(db, run)),
  ];
}

/** Where the counts that are kept differ from the rows that are there. */
export async function tallyFaults(db: Database, run: number): Promise<string[]> {
  const rows = await db.all<{ key: string; kept: number; counted: number }>(sql`
    SELECT key, sum(kept) AS kept, sum(counted) AS counted FROM (
      SELECT channel || ' ' || state || ' ' || reason AS key, n AS kept, 0 AS counted FROM tally WHERE run = ${run}
      UNION ALL SELECT channel || ' ' || state || ' ' || reason, 0, count(*) FROM send WHERE run = ${run} GROUP BY 1)
    GROUP BY 1 HAVING sum(kept) <> sum(counted)`);
  return rows.map(({ key, kept, counted }) => `the tally says ${kept} ${key}, the ledger has ${counted}`);
}

async function sumFaults(db: Database, run: number): Promise<string[]> {
  const rows = await db.all<{ channel: string; n: number; matched: number }>(sql`
    SELECT c.value AS channel, (SELECT count(*) FROM send WHERE run = r.id AND channel = c.value) AS n,
      r.matched AS matched
    FROM run r, json_each(r.frozen, '$.channels') c WHERE r.id = ${run} AND n <> r.matched`);
  return rows.map(({ channel, n, matched }) => `${channel} has ${n} rows for ${matched} matched members`);
}

/** What an erased member had of them went with the person. */
async function localFaults(db: Database, run: number): Promise<string[]> {
  const faults: string[] = [];
  for (const [table, channel] of [
    ["inbox", "IN_APP"],
    ["popup", "POPUP"],
  ] as const) {
    const there = sql`SELECT member FROM ${sql.raw(table)} WHERE run = ${run}`;
    const sent = sql`SELECT member FROM send WHERE run = ${run} AND channel = ${channel} AND state = 'SENT'
      AND member NOT IN (SELECT seq FROM member WHERE deleted_at IS NOT NULL)`;
    const odd = await db.first<{ n: number }>(sql`
      SELECT (SELECT count(*) FROM (${there} EXCEPT ${sent})) + (SELECT count(*) FROM (${sent} EXCEPT ${there})) AS n`);
    if (odd?.n)
      faults.push(`${odd.n} members are in ${table} without a SENT row of ${channel}, or the other way round`);
  }
  return faults;
}

/**
 * Nobody was written to twice, everyone who is SENT was written to, and whoever was written to is SENT or, at worst,
 * UNKNOWN.
 */
async function deliveryFaults(db: Database, sandboxPath: string, run: number): Promise<string[]> {
  const faults: string[] = [];
  for (const channel of channelNames.filter(isExternal)) {
    const deliveries = deliveriesOf(sandboxPath, run, channel);
    const rows = await db.all<{ member: number; state: string }>(sql`
      SELECT member, state FROM send
      WHERE run = ${run} AND channel = ${channel} AND state NOT IN ('SKIPPED', 'FAILED', 'CANCELLED')`);
    const states = new Map(rows.map(({ member, state }) => [member, state]));
    const twice = [...deliveries].filter(([, n]) => n > 1).length;
    const lost = rows.filter(({ member, state }) => state === "SENT" && !deliveries.has(member)).length;
    const strange = [...deliveries.keys()].filter((member) => !states.has(member)).length;
    if (twice) faults.push(`${twice} members got ${channel} more than once`);
    if (lost) faults.push(`${lost} members are SENT on ${channel} and got nothing`);
    if (strange) faults.push(`${strange} members got ${channel} without a row that says so`);
  }
  return faults;
}

/** How often each member was delivered to, by the sandbox's own log. */
export function deliveriesOf(sandboxPath: string, run: number, channel: string): Map<number, number> {
  const log = new Sqlite(sandboxPath, { readonly: true });
  try {
    const rows = log
      .query<{ member: number; n: number }, [string, string]>(
        `SELECT d.member, count(*) AS n FROM delivery d JOIN run r ON r.id = d.run JOIN channel c ON c.id = d.channel
         WHERE r.name = ? AND c.name = ? GROUP BY 1`,
      )
      .all(String(run), channel);
    return new Map(rows.map(({ member, n }) => [member, n]));
  } finally {
    log.close();
  }
}

async function openFaults(db: Database, run: number): Promise<string[]> {
  const { state } = await runOf(db, run);
  if (state !== "COMPLETED" && state !== "CANCELLED") return [];
  const open = await db.first<{ sends: number; batches: number; pages: number }>(sql`
    SELECT (SELECT count(*) FROM send WHERE run = ${run} AND state IN ('PENDING', 'SENDING')) AS sends,
      (SELECT count(*) FROM batch WHERE run = ${run} AND state <> 'DONE') AS batches,
      (SELECT count(*) FROM page WHERE run = ${run} AND state <> 'WRITTEN') AS pages`);
  return Object.entries(open ?? {}).flatMap(([what, n]) =>
    n > 0 ? [`the run is ${state} with ${n} open ${what}`] : [],
  );
}
