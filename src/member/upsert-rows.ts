import { type SQL, sql } from "drizzle-orm";
import { type PushChannelName, pushNames } from "../channels/catalog.ts";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { anyTopic } from "./consent.ts";
import { unlessListed, unlessOlder, type Word, wordsOf } from "./consent-word.ts";
import { unsubscribed } from "./events.ts";
import { tokenLists } from "./member-item.ts";
import type { Arriving } from "./member-rows.ts";

/** Whose an item is. */
type Whose = Pick<Arriving, "externalId" | "seq">;

/** The items and one row for each value of a list in them. */
function eachOf(items: readonly Whose[], list: "tags" | "tokens" | "consent"): SQL {
  return sql`${rows(items)} i, json_each(i.value, ${sql.raw(`'$.${list}'`)}) e`;
}

/** The member of the current item of {@link eachOf}. */
const whose = sql.raw(
  "coalesce(i.value ->> 'seq', (SELECT seq FROM member WHERE external_id = i.value ->> 'externalId'))",
);

function membersOf(items: readonly Whose[]): SQL {
  return sql`SELECT ${whose} FROM ${rows(items)} i`;
}

/** Makes the members' tags those of their items. */
export function tagRows(items: readonly Arriving[]): SQL[] {
  const wanted = tagsIn(items);
  if (wanted.length === 0) return [];
  return [
    sql`DELETE FROM member_tag WHERE member IN (${membersOf(wanted)})
        AND (member, tag) NOT IN (SELECT ${whose}, e.value FROM ${eachOf(wanted, "tags")}) RETURNING member`,
    sql`${newTags(wanted)} RETURNING member`,
  ];
}

/** The same for new members, who have none. */
export function newTagRows(items: readonly Arriving[]): SQL[] {
  const wanted = tagsIn(items);
  return wanted.length === 0 ? [] : [newTags(wanted)];
}

function newTags(wanted: readonly Whose[]): SQL {
  return sql`INSERT OR IGNORE INTO member_tag (member, tag) SELECT ${whose}, e.value FROM ${eachOf(wanted, "tags")}`;
}

function tagsIn(items: readonly Arriving[]) {
  return items.flatMap(({ externalId, seq, tags }) => (tags === undefined ? [] : [{ externalId, seq, tags }]));
}

/** Makes the members' push tokens of a channel those of their items; one that another member or channel had moves. */
export function pushTokenRows(items: readonly Arriving[], now: number): SQL[] {
  const given = items.flatMap((item) => {
    const { externalId, seq } = item;
    return tokenLists(item).map((list) => ({ externalId, seq, ...list }));
  });
  const rowsOf = (channel: PushChannelName) => {
    const wanted = given.filter((list) => list.channel === channel);
    if (wanted.length === 0) return [];
    return [
      sql`DELETE FROM push_token WHERE member IN (${membersOf(wanted)}) AND channel = ${channel}
          AND token NOT IN (SELECT e.value FROM ${eachOf(wanted, "tokens")}) RETURNING member`,
      sql`INSERT INTO push_token (token, member, added_at, channel)
          SELECT e.value, ${whose}, ${now}, ${channel} FROM ${eachOf(wanted, "tokens")} WHERE true
          ON CONFLICT (token) DO UPDATE SET member = excluded.member, added_at = excluded.added_at, channel = ${channel}
          WHERE member <> excluded.member OR channel <> ${channel} RETURNING member`,
    ];
  };
  return pushNames.flatMap(rowsOf);
}

/**
 * Writes the items' words of consent, as {@link Word} says which counts. A yes that becomes a no is an event; the
 * first word that comes with a member is not.
 */
export function consentRows(items: readonly Arriving[], source: string, now: number): Query[] {
  const said = wordsOf(items, "said", now);
  const listed = wordsOf(items, "listed", now);
  return [
    ...(said.length > 0 ? saidRows(said, source, now) : []),
    ...(listed.length > 0 ? listedRows(listed, source, now) : []),
  ];
}

/** The same for new members, of whom there is no word that another could meet: where lists alone speak, they count. */
export function newConsentRows(items: readonly Arriving[], source: string, now: number): Query[] {
  if (wordsOf(items, "said", now).length > 0) return consentRows(items, source, now);
  const listed = wordsOf(items, "listed", now);
  if (listed.length === 0) return [];
  return [sql`${intoListed(listed, source)} WHERE true ${unlessListed}`];
}

type Words = ReturnType<typeof wordsOf>;

function saidRows(items: Words, source: string, now: number): Query[] {
  return [
    ...withdrawn(items, sql`${word("at")} >= coalesce(c.said_at, 0)`, now),
    sql`INSERT INTO consent (member, channel, topic, said, said_by, said_at)
        SELECT ${whose}, ${word("channel")}, ${word("topic")}, ${word("granted")}, ${source}, ${word("at")}
        FROM ${eachOf(items, "consent")} WHERE true ${unlessOlder} RETURNING member`,
  ];
}

/** A list's first yes about a topic takes nothing from who said no to the channel as a whole. */
function listedRows(items: Words, source: string, now: number): Query[] {
  const about = (topic: SQL) => sql`SELECT 1 FROM consent c
    WHERE c.member = ${whose} AND c.channel = ${word("channel")} AND c.topic = ${topic}`;
  const unasked = sql`${word("granted")} AND EXISTS (${about(sql`${anyTopic}`)} AND c.said = 0)
    AND NOT EXISTS (${about(word("topic"))})`;
  return [
    ...withdrawn(items, sql`c.listed IS NOT 0`, now),
    sql`${intoListed(items, source)} WHERE NOT (${unasked}) ${unlessListed} RETURNING member`,
  ];
}

function intoListed(items: Words, source: string): SQL {
  return sql`
    INSERT INTO consent (member, channel, topic, listed, listed_by, listed_at)
    SELECT ${whose}, ${word("channel")}, ${word("topic")}, ${word("granted")}, ${source}, ${word("at")}
    FROM ${eachOf(items, "consent")}`;
}

/** The event of every yes that one of these words, where it is news, makes a no. */
function withdrawn(items: Words, isNews: SQL, now: number): Query[] {
  if (!items.some(({ consent }) => consent.some(({ granted }) => !granted))) return [];
  const from = sql`${eachOf(items, "consent")}
    CROSS JOIN consent c ON c.member = ${whose} AND c.channel = ${word("channel")} AND c.topic = ${word("topic")}
    CROSS JOIN member m ON m.seq = c.member
    WHERE c.granted = 1 AND NOT ${word("granted")} AND ${isNews}`;
  return [unsubscribed({ channel: sql.raw("c.channel"), topic: sql.raw("c.topic"), from, now })];
}

/** A field of the current word of {@link eachOf}. */
function word(name: keyof Word): SQL {
  return sql.raw(`e.value ->> '${name}'`);
}
