import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { ChannelName } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { auditOperator, subjectOf } from "../transition/audit.ts";
import { topic as topicKind } from "../value/tag.ts";
import { canonicalAddress } from "./address.ts";
import { liftNo, placesOn } from "./address-no.ts";
import { anyTopic } from "./consent.ts";
import { saidNow } from "./consent-word.ts";
import { unsubscribed } from "./events.ts";
import { findMember, type MemberKey } from "./member.ts";

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
 * Writes down a member's word, said now; it counts for every batch that is frozen after it resolves. A yes of the
 * member's own holds for whoever gets the address later, too. NOT_FOUND for erased members; INVALID_INPUT for a topic
 * that is none, 1–100 characters.
 */
export async function setConsent(ctx: Context, input: ConsentInput) {
  const topic = parseInput(topicKind().optional(), input.topic, ["topic"]);
  if (isRefusal(topic)) return topic;
  const { channel, granted, source = describeActor(ctx.actor) } = input;
  const member = await findMember(ctx, input.member);
  if (!member) return refuse.notFound("member", Object.values(input.member).join());
  const lifted = granted && ctx.actor.kind === "member" ? placesOn(ctx, member, channel) : [];
  await ctx.db.write([
    ...consentSaid({ who: sql`m.seq = ${member.seq}`, channel, topic, granted, source, now: ctx.clock() }),
    ...(lifted.length > 0 ? [liftNo(lifted, topic ?? anyTopic)] : []),
    ...auditOperator(
      ctx,
      subjectOf("member", member.seq),
      `wrote down a ${granted ? "yes" : "no"} to ${channel}, ${topic === undefined ? "any topic" : `topic ${topic}`}`,
    ),
  ]);
  return member;
}

/** A word said now, of the members `m` that a predicate means. */
export interface Said extends Pick<ConsentInput, "channel" | "topic" | "granted"> {
  readonly who: SQL;
  readonly source: string;
  readonly now: number;
}

/**
 * The statements that write down what members say, to stand in a transaction with others. A no that is new is an event;
 * one to a channel as a whole also outweighs what lists say of its topics.
 */
export function consentSaid({ who, channel, topic = anyTopic, granted, source, now }: Said): Query[] {
  const members = sql`member m WHERE ${who} AND m.deleted_at IS NULL`;
  const saidNo = sql`SELECT 1 FROM consent c
    WHERE c.member = m.seq AND c.channel = ${channel} AND c.topic = ${topic} AND c.granted = 0`;
  const from = sql`${members} AND NOT EXISTS (${saidNo})`;
  return [
    ...(granted ? [] : [unsubscribed({ channel: sql`${channel}`, topic: sql`${topic}`, from, now })]),
    sql`
      INSERT INTO consent (member, channel, topic, said, said_by, said_at)
      SELECT m.seq, ${channel}, ${topic}, ${granted ? 1 : 0}, ${source}, ${now} FROM ${members} ${saidNow}`,
    ...(granted || topic !== anyTopic
      ? []
      : [
          sql`
            UPDATE consent SET said = 0, said_by = ${source}, said_at = ${now}
            WHERE member IN (SELECT m.seq FROM ${members}) AND channel = ${channel} AND said IS NULL AND granted = 1`,
        ]),
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
