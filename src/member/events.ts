import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { channelNames } from "../channels/catalog.ts";
import type { Query } from "../db/statement.ts";
import { defineEvent, recordEach } from "../queue/event/event.ts";

/**
 * A member does not want to be written to any more, on a channel and about a topic (`*`: about all that have no word of
 * their own). Names the member by the id that Fanfare gave, which says nothing of the person.
 */
export const memberUnsubscribed = defineEvent(
  "member.unsubscribed",
  1,
  z.object({ member: z.string(), channel: z.enum(channelNames), topic: z.string() }),
  { member: "member" },
);

/**
 * Records that the members `m` of a query withdrew a channel. It stands before the change, while the query can still
 * tell whose word changes; `channel` and `topic` are its expressions.
 */
export function unsubscribed(input: { channel: SQL; topic: SQL; from: SQL; now: number }): Query {
  const { channel, topic, from, now } = input;
  const data = sql`json_object('member', m.id, 'channel', ${channel}, 'topic', ${topic})`;
  return recordEach(memberUnsubscribed, { subject: sql`'member/' || m.id`, data }, from, now);
}
