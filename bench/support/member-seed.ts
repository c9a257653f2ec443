import { sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";

/** Makes a database with `total` plain members; without e-mail consent rows unless asked. */
export async function seedMembers(path: string, total: number): Promise<void> {
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  await migrate(db, Date.now);
  for (let from = 0; from < total; from += 50_000) {
    const upTo = Math.min(total, from + 50_000);
    await db.write([
      sql`
        INSERT INTO member (seq, id, external_id, email, registered_at, updated_at)
        WITH RECURSIVE n (i) AS (SELECT ${from + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${upTo})
        SELECT i, 'm_' || hex(randomblob(12)), 'shop-' || i, 'member' || i || '@example.com', 0, 0 FROM n`,
    ]);
  }
  await db.close();
}

/** One zone for each of the 38 offsets from UTC that clocks have in July. */
export const offsetZones = [
  "Pacific/Pago_Pago",
  "Pacific/Honolulu",
  "Pacific/Marquesas",
  "Pacific/Gambier",
  "America/Anchorage",
  "America/Los_Angeles",
  "America/Denver",
  "America/Chicago",
  "America/New_York",
  "Pacific/Tongatapu",
  "America/St_Johns",
  "America/Sao_Paulo",
  "America/Noronha",
  "Atlantic/Cape_Verde",
  "UTC",
  "Europe/London",
  "Europe/Berlin",
  "Europe/Athens",
  "Asia/Tehran",
  "Asia/Dubai",
  "Asia/Kabul",
  "Asia/Karachi",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Dhaka",
  "Asia/Yangon",
  "Asia/Bangkok",
  "Asia/Shanghai",
  "Australia/Eucla",
  "Asia/Tokyo",
  "Australia/Adelaide",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Pacific/Noumea",
  "Pacific/Auckland",
  "Pacific/Chatham",
  "Pacific/Kiritimati",
  "Etc/GMT+12",
];

/** The same members, each in one of these zones, and one in a hundred in none. */
export async function seedMembersInZones(path: string, total: number): Promise<void> {
  await seedMembers(path, total);
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  const zones = JSON.stringify(offsetZones);
  const step = 50_000;
  for (let from = 0; from < total; from += step) {
    await db.write([
      sql`
        UPDATE member SET time_zone = json_extract(${zones}, '$[' || (seq * 2654435761 / 65536 % 38) || ']')
        WHERE seq > ${from} AND seq <= ${from + step} AND seq % 100 <> 0`,
    ]);
  }
  await db.close();
}

/** Every member has agreed to the channel, and said so of its topic. */
export async function seedConsent(path: string, channel: string): Promise<void> {
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  await db.write([
    sql`
      INSERT INTO consent (member, channel, topic, said, said_by, said_at)
      SELECT seq, ${channel}, 'promotions', 1, 'member', 0 FROM member ORDER BY seq`,
  ]);
  await db.close();
}
