import { type SQL, sql } from "drizzle-orm";
import { type ExternalChannelName, externalNames, factsOf } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { signatureOf } from "../web/signature.ts";
import { unlessOlder } from "./consent-word.ts";
import { type MemberItem, type PushToken, tokensIn } from "./member-item.ts";
import type { Member } from "./table.ts";

/**
 * A no that counts for an address, whoever has it next: what a message's link said, and what erasing a member leaves
 * behind – her words of no, and why her addresses were suppressed. Kept by a keyed hash, from which nobody who lacks
 * the installation's secret learns an address. Whoever arrives with the address gets the no, with its time; only the
 * person's own yes lifts it, or a later word that says when.
 */
export function addressKey(ctx: Context, address: string): string {
  return signatureOf(ctx, `address/${address}`, "hex");
}

/** An address that can be written to on a channel. */
interface Place {
  readonly channel: ExternalChannelName;
  readonly address: string;
  readonly key: string;
}

type Addresses = Pick<MemberItem, "email" | "phone"> & { readonly tokens: readonly PushToken[] };

function placesOf(ctx: Context, { email, phone, tokens }: Addresses): Place[] {
  const byKind = { email: email ? [email] : [], phone: phone ? [phone] : [], none: [] };
  const addressesOn = (channel: ExternalChannelName): string[] => {
    const { address } = factsOf(channel);
    if (address !== "push") return byKind[address];
    return tokens.filter((each) => each.channel === channel).map(({ token }) => token);
  };
  return externalNames.flatMap((channel) =>
    addressesOn(channel).map((address) => ({ channel, address, key: addressKey(ctx, address) })),
  );
}

/** Where `member` can be written to on a channel. */
export function placesOn(ctx: Context, member: Member, channel: string): Place[] {
  return placesOf(ctx, addressesOf(member)).filter((place) => place.channel === channel);
}

function addressesOf({ email, phone }: Member, tokens: readonly PushToken[] = []): Addresses {
  return { email, phone, tokens };
}

/** Notes a no about a topic for these places. */
export function noFor(places: readonly Place[], topic: string, reason: string, now: number): Query {
  return sql`
    INSERT INTO address_no (address, channel, topic, reason, at)
    SELECT ${field("key")}, ${field("channel")}, ${topic}, ${reason}, ${now} FROM ${rows(places)} WHERE true
    ON CONFLICT (address, channel, topic) DO UPDATE SET reason = excluded.reason, at = max(at, excluded.at)`;
}

/** The person who has these addresses said yes. */
export function liftNo(places: readonly Place[], topic: string): Query {
  return sql`DELETE FROM address_no WHERE topic = ${topic}
    AND (address, channel) IN (SELECT ${field("key")}, ${field("channel")} FROM ${rows(places)})`;
}

/** The owner of a phone number takes her STOP back, which came before she was erased. */
export function liftStop(key: string, channel: ExternalChannelName, source: string, guard: SQL): Query {
  return sql`DELETE FROM address_no WHERE address = ${key} AND channel = ${channel}
    AND (reason = ${source} OR (topic = '' AND reason = 'stop')) AND ${guard}`;
}

/** What is to be done before a member is erased. An address that another has, too, stays suppressed as it is. */
export function leaveNos(ctx: Context, member: Member, tokens: readonly PushToken[]): Query[] {
  const { seq } = member;
  const places = rows(placesOf(ctx, addressesOf(member, tokens)));
  const alone = sql`NOT EXISTS (SELECT 1 FROM member o WHERE o.email = s.address AND o.seq <> ${seq})
    AND NOT EXISTS (SELECT 1 FROM member o WHERE o.phone = s.address AND o.seq <> ${seq})`;
  const suppressed = sql`${places} p JOIN suppression s
    ON s.channel = p.value ->> 'channel' AND s.address = p.value ->> 'address' WHERE ${alone}`;
  return [
    sql`INSERT INTO address_no (address, channel, topic, reason, at)
        SELECT p.value ->> 'key', c.channel, c.topic, c.source, c.at FROM ${places} p
        JOIN consent c ON c.member = ${seq} AND c.channel = p.value ->> 'channel' AND c.granted = 0 WHERE true
        ON CONFLICT (address, channel, topic) DO UPDATE SET at = max(at, excluded.at)`,
    sql`INSERT OR REPLACE INTO address_no (address, channel, topic, reason, at)
        SELECT p.value ->> 'key', s.channel, '', s.reason, s.at FROM ${suppressed}`,
    sql`DELETE FROM suppression AS s WHERE (channel, address) IN (
          SELECT p.value ->> 'channel', p.value ->> 'address' FROM ${places} p) AND ${alone}`,
  ];
}

/** What comes back when members arrive with addresses that said no; answers whom it was given to. */
export function returnNos(ctx: Context, items: readonly MemberItem[]): Query[] {
  const arriving = items.flatMap((item) =>
    placesOf(ctx, { ...item, tokens: tokensIn(item) }).map((place) => ({ ...place, externalId: item.externalId })),
  );
  if (arriving.length === 0) return [];
  const known = sql`${rows(arriving)} p CROSS JOIN address_no a
    ON a.address = p.value ->> 'key' AND a.channel = p.value ->> 'channel'`;
  return [
    sql`INSERT INTO consent (member, channel, topic, said, said_by, said_at)
        SELECT m.seq, a.channel, a.topic, 0, a.reason, a.at FROM ${known}
        JOIN member m ON m.external_id = p.value ->> 'externalId' WHERE a.topic <> '' ${unlessOlder} RETURNING member`,
    sql`INSERT OR IGNORE INTO suppression (channel, address, reason, at)
        SELECT a.channel, p.value ->> 'address', a.reason, a.at FROM ${known} WHERE a.topic = ''`,
    sql`DELETE FROM address_no WHERE topic = '' AND (address, channel) IN (
          SELECT p.value ->> 'key', p.value ->> 'channel' FROM ${rows(arriving)} p)`,
  ];
}
