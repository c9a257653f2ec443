import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../channels/catalog.ts";
import type { Query } from "../db/statement.ts";
import { canonicalAddress } from "./address.ts";
import { liftStop } from "./address-no.ts";
import { anyTopic } from "./consent.ts";
import { saidNow } from "./consent-word.ts";
import { unsubscribed } from "./events.ts";

/**
 * The statements of what the owner of a phone number told us on a channel, where `guard` holds. STOP withdraws the
 * channel for every topic and suppresses the number on it; START gives back what STOP took, and nothing else: an
 * operator's suppression stays.
 */
export function wishStatements(told: {
  channel: ExternalChannelName;
  wish: "stop" | "start";
  phone: string;
  now: number;
  guard: SQL;
  /** The number's {@link addressKey}. */
  key?: string | undefined;
}): Query[] {
  const input = { ...told, phone: canonicalAddress(told.channel, told.phone) };
  const { channel, wish, phone, now, guard, key } = input;
  const owners = sql`(SELECT seq FROM member m WHERE m.phone = ${phone} AND m.deleted_at IS NULL)`;
  const stop = wish === "stop";
  const source = sourceOf(channel, wish);
  const changed = stop ? sql`granted = 1` : sql`source = ${sourceOf(channel, "stop")}`;
  return [
    ...(stop
      ? [unsubscribed({ channel: sql`${channel}`, topic: sql`${anyTopic}`, from: newlyStopped(input), now })]
      : []),
    stop
      ? sql`
        INSERT OR IGNORE INTO suppression (channel, address, reason, at)
        SELECT ${channel}, ${phone}, 'stop', ${now} WHERE ${guard}`
      : sql`DELETE FROM suppression WHERE channel = ${channel} AND address = ${phone} AND reason = 'stop' AND ${guard}`,
    sql`
      UPDATE consent SET said = ${stop ? 0 : 1}, said_by = ${source}, said_at = max(${now}, coalesce(said_at, 0))
      WHERE member IN ${owners} AND channel = ${channel} AND ${changed} AND ${guard}`,
    sql`
      INSERT INTO consent (member, channel, topic, said, said_by, said_at)
      SELECT seq, ${channel}, ${anyTopic}, ${stop ? 0 : 1}, ${source}, ${now} FROM member m
      WHERE m.phone = ${phone} AND m.deleted_at IS NULL AND ${guard} ${saidNow}`,
    ...(key === undefined || stop ? [] : [liftStop(key, channel, sourceOf(channel, "stop"), guard)]),
  ];
}

/** The owners of the number who allowed the channel for some topic, or had not yet said no to all. */
function newlyStopped({ channel, phone, guard }: Parameters<typeof wishStatements>[0]): SQL {
  const word = sql`FROM consent c WHERE c.member = m.seq AND c.channel = ${channel}`;
  return sql`member m WHERE m.phone = ${phone} AND m.deleted_at IS NULL AND ${guard} AND (
    EXISTS (SELECT 1 ${word} AND c.granted = 1)
    OR NOT EXISTS (SELECT 1 ${word} AND c.topic = ${anyTopic} AND c.granted = 0))`;
}

/** As consent remembers it, e.g. `sms-stop`. */
function sourceOf(channel: ExternalChannelName, wish: "stop" | "start"): string {
  return `${channel.toLowerCase()}-${wish}`;
}
