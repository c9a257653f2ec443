import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { ChannelName } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { topic as topicKind } from "../value/tag.ts";
import { canonicalAddress } from "./address.ts";
import { anyTopic } from "./consent.ts";
import { unsubscribed } from "./events.ts";
import { findMember, isMember, type MemberKey } from "./member.ts";

/**
 * What a member says about being written to on a channel: about one topic, or about all that have no word of their own.
 */
export interface ConsentInput {
  readonly member: MemberKey;
  readonly channel: ChannelName;
  readonly topic?: string | undefined;
  readonly granted: boolean;
  /** Who says so; the actor unless given. */
  readonly source?: string | undefined;
}

/**
 * Writes down a member's word; it counts for every batch that is frozen after it resolves. NOT_FOUND for erased
 * members; INVALID_INPUT for a topic that is none, 1–100 characters.
 */
export async function setConsent(ctx: Context, input: ConsentInput) {
  const topic = parseInput(topicKind().optional(), input.topic, ["topic"]);
  if (isRefusal(topic)) return topic;
  await ctx.db.write(consentSaid({ ...input, topic }, input.source ?? describeActor(ctx.actor), ctx.clock()));
  return (await findMember(ctx, input.member)) ?? refuse.notFound("member", Object.values(input.member).join());
}

/** The statements of {@link setConsent}, to stand in a transaction with others. A no that is new is an event. */
export function consentSaid(input: ConsentInput, source: string, now: number): Query[] {
  const { member, channel, topic = anyTopic, granted } = input;
  const who = sql`member m WHERE ${isMember(member)} AND m.deleted_at IS NULL`;
  const saidNo = sql`SELECT 1 FROM consent c
    WHERE c.member = m.seq AND c.channel = ${channel} AND c.topic = ${topic} AND c.granted = 0`;
  const from = sql`${who} AND NOT EXISTS (${saidNo})`;
  return [
    ...(granted ? [] : [unsubscribed({ channel: sql`${channel}`, topic: sql`${topic}`, from, now })]),
    sql`
      INSERT INTO consent (member, channel, topic, granted, source, at)
      SELECT m.seq, ${channel}, ${topic}, ${granted ? 1 : 0}, ${source}, ${now} FROM ${who}
      ON CONFLICT (member, channel, topic) DO UPDATE
      SET granted = excluded.granted, source = excluded.source, at = excluded.at`,
  ];
}

/** An address that must not be written to on a channel. */
export interface Suppressed {
  readonly channel: ChannelName;
  /** An e-mail address, a phone number or a push token, however it is written. */
  readonly address: string;
  readonly reason: SuppressionReason;
}
export const suppressionReasons = ["hard-bounce", "complaint", "stop", "operator"] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

/** Suppresses addresses from now on, whoever they belong to; one that already is keeps its first reason. */
export async function suppress(ctx: Context, list: readonly Suppressed[]): Promise<void> {
  await ctx.db.write([suppressing(list, ctx.clock())]);
}

/** The statement of {@link suppress}, to stand in a transaction with others, where `guard` holds. */
export function suppressing(list: readonly Suppressed[], now: number, guard: SQL = sql`1`): Query {
  const held = list.map((each) => ({ ...each, address: canonicalAddress(each.channel, each.address) }));
  return sql`
    INSERT OR IGNORE INTO suppression (channel, address, reason, at)
    SELECT value ->> 'channel', value ->> 'address', value ->> 'reason', ${now} FROM ${rows(held)} WHERE ${guard}`;
}

/** Lets an address be written to again; whether anything was suppressed. */
export async function unsuppress(ctx: Context, channel: ChannelName, address: string): Promise<boolean> {
  const [result] = await ctx.db.write([
    sql`DELETE FROM suppression WHERE channel = ${channel} AND address = ${canonicalAddress(channel, address)}`,
  ]);
  return (result?.rowsAffected ?? 0) > 0;
}
