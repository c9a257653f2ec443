import { type SQL, sql } from "drizzle-orm";
import type { ChannelName } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { liftNo, noFor, placesOn } from "./address-no.ts";
import { findMember, type Member } from "./member.ts";
import { consentSaid } from "./set-consent.ts";

/** Who says it: whoever reads the mailbox. */
const source = "unsubscribe-link";

export interface LinkWord {
  /** Whom the message was for, by `seq`. */
  readonly member: number;
  readonly channel: ChannelName;
  readonly topic: string;
  readonly granted: boolean;
}

/**
 * Writes down what a message's link says. It counts for the address, as STOP and complaints do: for every member who
 * has it, and whoever gets it later. A yes takes back what a link said of the others, and nothing that they said
 * themselves. Says nothing of members who were erased.
 */
export async function saidByLink(ctx: Context, word: LinkWord): Promise<void> {
  const member = await findMember(ctx, { seq: word.member });
  if (member) await ctx.db.write(linkSaid(ctx, member, word));
}

/** The statements of {@link saidByLink}. */
export function linkSaid(ctx: Context, member: Member, { channel, topic, granted }: Omit<LinkWord, "member">): Query[] {
  const { seq } = member;
  const [places, now] = [placesOn(ctx, member, channel), ctx.clock()];
  const sharing = sharers(places.map(({ address }) => address));
  const byLink = sql`EXISTS (SELECT 1 FROM consent c
    WHERE c.member = m.seq AND c.channel = ${channel} AND c.topic = ${topic} AND c.source = ${source})`;
  const who = sql`(m.seq = ${seq} OR (m.seq IN (${sharing}) AND ${granted ? byLink : sql`1`}))`;
  return [
    ...consentSaid({ who, channel, topic, granted, source, now }),
    granted ? liftNo(places, topic) : noFor(places, topic, source, now),
  ];
}

/** The members who have one of these addresses, found by the indexes. */
function sharers(addresses: readonly string[]): SQL {
  const list = sql`(SELECT value FROM json_each(${JSON.stringify(addresses)}))`;
  return sql`SELECT seq FROM member WHERE email IN ${list} UNION SELECT seq FROM member WHERE phone IN ${list}`;
}
