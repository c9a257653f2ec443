import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { type PushChannelName, pushNames } from "../channels/catalog.ts";
import { field, rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { externalIdForms } from "../value/external-id.ts";
import { anyTopic } from "./consent.ts";
import { unlessListed, unlessOlder, type Word, wordsOf } from "./consent-word.ts";
import { unsubscribed } from "./events.ts";
import { type MemberItem, tokenLists } from "./member-item.ts";
import { member } from "./table.ts";

const columns = getTableColumns(member);

/** The fields of an item that are columns of `member` and that an update may change, beside `attributes`. */
const plainFields = [
  "name",
  "email",
  "phone",
  "locale",
  "timeZone",
  "accountType",
  "level",
  "consecutiveActiveDays",
  "activeDaysLastMonth",
  "totalSpend",
  "points",
  "birthday",
  "registeredAt",
  "membershipEndsAt",
  "lastActiveAt",
  "control",
] as const satisfies readonly (keyof typeof columns & keyof MemberItem)[];

/**
 * Creates or updates the rows of `member`, naming only columns that some item gives. The row as it was is joined in, so
 * that an item leaves alone what it does not give. Answers each row that is new or now differs.
 */
export function memberRows(items: readonly (MemberItem & { readonly id: string })[], now: number): SQL {
  const given = plainFields.filter((name) => items.some((item) => item[name] !== undefined));
  const changing = [
    ...given.map((name) => ({ column: columns[name].name, value: finalValue(items, name, now) })),
    ...(items.some(({ attributes }) => attributes) ? [{ column: "attributes", value: mergedAttributes }] : []),
  ];
  const always = given.includes("registeredAt") ? [] : [{ column: "registered_at", value: sql`${now}` }];
  const inserted = [...always, ...changing];
  const names = sql.raw(inserted.map(({ column }) => `, ${column}`).join(""));
  const values = sql.join(inserted.map(({ value }) => sql`, ${value}`));
  return sql`
    INSERT INTO member (id, external_id, updated_at${names})
    SELECT ${field("id")}, ${field("externalId")}, ${now}${values}
    FROM ${rows(items)} LEFT JOIN member o ON o.external_id = ${field("externalId")}
    WHERE true
    ON CONFLICT (external_id) ${updateOf(changing.map(({ column }) => column))}
    RETURNING seq AS member`;
}

function updateOf(names: readonly string[]): SQL {
  if (names.length === 0) return sql`DO NOTHING`;
  const all = (prefix: string) => sql.raw(names.map((name) => `${prefix}.${name}`).join(", "));
  const sets = sql.raw(names.map((name) => `${name} = excluded.${name}`).join(", "));
  return sql`DO UPDATE SET updated_at = excluded.updated_at, ${sets}
    WHERE (${all("member")}) IS NOT (${all("excluded")})`;
}

function finalValue(items: readonly MemberItem[], name: (typeof plainFields)[number], now: number): SQL {
  if (items.every((item) => item[name] !== undefined)) return field(name);
  const before = sql.raw(`o.${columns[name].name}`);
  const fallback = name === "registeredAt" ? now : columns[name].default;
  const otherwise = fallback === undefined ? before : sql`coalesce(${before}, ${fallback})`;
  return sql`CASE WHEN json_type(value, ${sql.raw(`'$.${name}'`)}) IS NULL THEN ${otherwise} ELSE ${field(name)} END`;
}

/** What the item says is merged into what is there (RFC 7396): `null` removes a name. */
const mergedAttributes = sql`json_patch(coalesce(o.attributes, '{}'), coalesce(value -> 'attributes', '{}'))`;

/**
 * Gives members who were taken before ids were normalised the canonical form of theirs. Where another member has that
 * already, both stay: two are never made one.
 */
export function takenInOtherForm(items: readonly MemberItem[]): SQL[] {
  const renamed = items.flatMap(({ externalId }) => {
    const [canonical, ...others] = externalIdForms(externalId);
    return others.map((before) => ({ before, canonical }));
  });
  if (renamed.length === 0) return [];
  return [
    sql`UPDATE OR IGNORE member SET external_id = value ->> 'canonical' FROM ${rows(renamed)}
        WHERE external_id = value ->> 'before'`,
  ];
}

/** The members of the items and one row for each value of a list in them. */
function eachOf(items: readonly Pick<MemberItem, "externalId">[], list: "tags" | "tokens" | "consent"): SQL {
  return sql`${rows(items)} i JOIN member m ON m.external_id = i.value ->> 'externalId',
    json_each(i.value, ${sql.raw(`'$.${list}'`)}) e`;
}

function membersOf(items: readonly Pick<MemberItem, "externalId">[]): SQL {
  return sql`SELECT m.seq FROM ${rows(items)} i JOIN member m ON m.external_id = i.value ->> 'externalId'`;
}

/** Makes the members' tags those of their items. */
export function tagRows(items: readonly MemberItem[]): SQL[] {
  if (items.length === 0) return [];
  const wanted = items.map(({ externalId, tags }) => ({ externalId, tags }));
  return [
    sql`DELETE FROM member_tag WHERE member IN (${membersOf(wanted)})
        AND (member, tag) NOT IN (SELECT m.seq, e.value FROM ${eachOf(wanted, "tags")}) RETURNING member`,
    sql`INSERT OR IGNORE INTO member_tag (member, tag)
        SELECT m.seq, e.value FROM ${eachOf(wanted, "tags")} RETURNING member`,
  ];
}

/** Makes the members' push tokens of a channel those of their items; one that another member or channel had moves. */
export function pushTokenRows(items: readonly MemberItem[], now: number): SQL[] {
  const given = items.flatMap((item) => tokenLists(item).map((list) => ({ externalId: item.externalId, ...list })));
  const rowsOf = (channel: PushChannelName) => {
    const wanted = given.filter((list) => list.channel === channel);
    if (wanted.length === 0) return [];
    return [
      sql`DELETE FROM push_token WHERE member IN (${membersOf(wanted)}) AND channel = ${channel}
          AND token NOT IN (SELECT e.value FROM ${eachOf(wanted, "tokens")}) RETURNING member`,
      sql`INSERT INTO push_token (token, member, added_at, channel)
          SELECT e.value, m.seq, ${now}, ${channel} FROM ${eachOf(wanted, "tokens")} WHERE true
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
export function consentRows(items: readonly MemberItem[], source: string, now: number): Query[] {
  const said = wordsOf(items, "said", now);
  const listed = wordsOf(items, "listed", now);
  return [
    ...(said.length > 0 ? saidRows(said, source, now) : []),
    ...(listed.length > 0 ? listedRows(listed, source, now) : []),
  ];
}

type Words = ReturnType<typeof wordsOf>;

function saidRows(items: Words, source: string, now: number): Query[] {
  return [
    ...withdrawn(items, sql`${word("at")} >= coalesce(c.said_at, 0)`, now),
    sql`INSERT INTO consent (member, channel, topic, said, said_by, said_at)
        SELECT m.seq, ${word("channel")}, ${word("topic")}, ${word("granted")}, ${source}, ${word("at")}
        FROM ${eachOf(items, "consent")} WHERE true ${unlessOlder} RETURNING member`,
  ];
}

/** A list's first yes about a topic takes nothing from who said no to the channel as a whole. */
function listedRows(items: Words, source: string, now: number): Query[] {
  const about = (topic: SQL) => sql`SELECT 1 FROM consent c
    WHERE c.member = m.seq AND c.channel = ${word("channel")} AND c.topic = ${topic}`;
  const unasked = sql`${word("granted")} AND EXISTS (${about(sql`${anyTopic}`)} AND c.said = 0)
    AND NOT EXISTS (${about(word("topic"))})`;
  return [
    ...withdrawn(items, sql`c.listed IS NOT 0`, now),
    sql`INSERT INTO consent (member, channel, topic, listed, listed_by, listed_at)
        SELECT m.seq, ${word("channel")}, ${word("topic")}, ${word("granted")}, ${source}, ${word("at")}
        FROM ${eachOf(items, "consent")} WHERE NOT (${unasked}) ${unlessListed} RETURNING member`,
  ];
}

/** The event of every yes that one of these words, where it is news, makes a no. */
function withdrawn(items: Words, isNews: SQL, now: number): Query[] {
  if (!items.some(({ consent }) => consent.some(({ granted }) => !granted))) return [];
  const from = sql`${eachOf(items, "consent")}
    CROSS JOIN consent c ON c.member = m.seq AND c.channel = ${word("channel")} AND c.topic = ${word("topic")}
    WHERE c.granted = 1 AND NOT ${word("granted")} AND ${isNews}`;
  return [unsubscribed({ channel: sql.raw("c.channel"), topic: sql.raw("c.topic"), from, now })];
}

/** A field of the current word of {@link eachOf}. */
function word(name: keyof Word): SQL {
  return sql.raw(`e.value ->> '${name}'`);
}
