import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, factsOf } from "../channels/catalog.ts";

/** The topic whose word counts where a member said nothing about the topic itself. */
export const anyTopic = "*";

/**
 * Whether the member `m` lets this channel write about this topic: the row of the topic decides, else that of `*`, else
 * the channel's default. At most two look-ups in the primary key, the second only where the first finds nothing.
 */
export function consentGiven(channel: ChannelName, topic: string): SQL {
  const word = (about: string) =>
    sql`(SELECT c.granted FROM consent c WHERE c.member = m.seq AND c.channel = ${channel} AND c.topic = ${about})`;
  const words = topic === anyTopic ? [word(anyTopic)] : [word(topic), word(anyTopic)];
  const unsaid = sql.raw(factsOf(channel).consent === "opt-out" ? "1" : "0");
  return sql`coalesce(${sql.join([...words, unsaid], sql`, `)})`;
}

/** Whether the member `m` has an address on this channel; local channels reach everyone. */
export function hasAddress(channel: ChannelName): SQL {
  switch (factsOf(channel).address) {
    case "email":
      return sql`(m.email IS NOT NULL)`;
    case "phone":
      return sql`(m.phone IS NOT NULL)`;
    case "push":
      return sql`EXISTS (SELECT 1 FROM push_token p WHERE p.member = m.seq AND p.channel = ${channel})`;
    case "none":
      return sql`1`;
  }
}

/** The addresses of the member `m` on this channel as a JSON list: one, or all its push tokens not suppressed there. */
export function addressesOf(channel: ChannelName): SQL {
  switch (factsOf(channel).address) {
    case "email":
      return sql`json_array(coalesce(m.email, ''))`;
    case "phone":
      return sql`json_array(coalesce(m.phone, ''))`;
    case "push":
      return sql`(
        SELECT json_group_array(p.token) FROM push_token p
        WHERE p.member = m.seq AND p.channel = ${channel} AND NOT ${listed(channel, sql`p.token`)})`;
    case "none":
      return sql`'[]'`;
  }
}

/** Whether the address of the member `m` must not be written to; with push, when that holds for each of its tokens. */
export function suppressed(channel: ChannelName): SQL {
  switch (factsOf(channel).address) {
    case "email":
      return listed(channel, sql`m.email`);
    case "phone":
      return listed(channel, sql`m.phone`);
    case "push":
      return sql`(${hasAddress(channel)} AND NOT EXISTS (
        SELECT 1 FROM push_token p
        WHERE p.member = m.seq AND p.channel = ${channel} AND NOT ${listed(channel, sql`p.token`)}))`;
    case "none":
      return sql`0`;
  }
}

function listed(channel: ChannelName, address: SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM suppression s WHERE s.channel = ${channel} AND s.address = ${address})`;
}

/**
 * Whether a message about this topic can be sent to the member `m` on this channel: allowed, with an address, not
 * suppressed.
 */
export function reachable(channel: ChannelName, topic: string): SQL {
  return sql`(${hasAddress(channel)} AND ${consentGiven(channel, topic)} AND NOT ${suppressed(channel)})`;
}
