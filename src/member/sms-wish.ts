import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../db/statement.ts";
import { anyTopic } from "./consent.ts";

/**
 * The statements of what the owner of a phone number told us by text message, where `guard` holds. STOP withdraws SMS for every topic
 * and suppresses the number; START gives back what STOP took, and nothing else: an operator's suppression stays.
 */
export function smsWish(input: { wish: "stop" | "start"; phone: string; now: number; guard: SQL }): Query[] {
  const { wish, phone, now, guard } = input;
  const owners = sql`(SELECT seq FROM member m WHERE m.phone = ${phone} AND m.deleted_at IS NULL)`;
  const stop = wish === "stop";
  const source = `sms-${wish}`;
  return [
    stop
      ? sql`
        INSERT OR IGNORE INTO suppression (channel, address, reason, at) SELECT 'SMS', ${phone}, 'stop', ${now} WHERE ${guard}`
      : sql`DELETE FROM suppression WHERE channel = 'SMS' AND address = ${phone} AND reason = 'stop' AND ${guard}`,
    sql`
      UPDATE consent SET granted = ${stop ? 0 : 1}, source = ${source}, at = ${now}
      WHERE member IN ${owners} AND channel = 'SMS' AND ${stop ? sql`granted = 1` : sql`source = 'sms-stop'`} AND ${guard}`,
    sql`
      INSERT INTO consent (member, channel, topic, granted, source, at)
      SELECT seq, 'SMS', ${anyTopic}, ${stop ? 0 : 1}, ${source}, ${now} FROM member m
      WHERE m.phone = ${phone} AND m.deleted_at IS NULL AND ${guard}
      ON CONFLICT (member, channel, topic) DO UPDATE SET granted = excluded.granted, source = excluded.source, at = excluded.at`,
  ];
}
