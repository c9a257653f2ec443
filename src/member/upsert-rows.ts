import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { externalIdForms } from "../value/external-id.ts";
import { unsubscribed } from "./events.ts";
import type { MemberItem } from "./member-item.ts";
import { member } from "./table.ts";

const columns = getTableColumns(member);

/** The fields of an item that are columns of `member` and that an update may change, beside `attributes`. */
const plainFields = [
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
function eachOf(items: readonly MemberItem[], list: "tags" | "pushTokens" | "consent"): SQL {
  return sql`${rows(items)} i JOIN member m ON m.external_id = i.value ->> 'externalId',
    json_each(i.value, ${sql.raw(`'$.${list}'`)}) e`;
}

function membersOf(items: readonly MemberItem[]): SQL {
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

/** Makes the members' push tokens those of their items; a token that another member had moves. */
export function pushTokenRows(items: readonly MemberItem[], now: number): SQL[] {
  if (items.length === 0) return [];
  const wanted = items.map(({ externalId, pushTokens }) => ({ externalId, pushTokens }));
  return [
    sql`DELETE FROM push_token WHERE member IN (${membersOf(wanted)})
        AND token NOT IN (SELECT e.value FROM ${eachOf(wanted, "pushTokens")}) RETURNING member`,
    sql`INSERT INTO push_token (token, member, added_at)
        SELECT e.value, m.seq, ${now} FROM ${eachOf(wanted, "pushTokens")} WHERE true
        ON CONFLICT (token) DO UPDATE SET member = excluded.member, added_at = excluded.added_at
        WHERE member <> excluded.member RETURNING member`,
  ];
}

/**
 * Writes the items' words of consent; a word older than the one that is there does not count. A yes that becomes a no
 * is an event; the first word that comes with a member is not.
 */
export function consentRows(items: readonly MemberItem[], source: string, now: number): Query[] {
  if (items.length === 0) return [];
  const wanted = items.map(({ externalId, consent }) => ({ externalId, consent }));
  const withdrawn = items.some(({ consent }) => consent?.some(({ granted }) => !granted));
  const said = (name: string) => sql.raw(`e.value ->> '${name}'`);
  const [channel, topic] = [sql.raw("c.channel"), sql.raw("c.topic")];
  const from = sql`${eachOf(wanted, "consent")}
    CROSS JOIN consent c ON c.member = m.seq AND c.channel = ${said("channel")} AND c.topic = ${said("topic")}
    WHERE c.granted = 1 AND NOT ${said("granted")} AND coalesce(${said("at")}, ${now}) >= c.at`;
  return [
    ...(withdrawn ? [unsubscribed({ channel, topic, from, now })] : []),
    sql`INSERT INTO consent (member, channel, topic, granted, source, at)
        SELECT m.seq, ${said("channel")}, ${said("topic")}, ${said("granted")}, ${source},
          coalesce(${said("at")}, ${now})
        FROM ${eachOf(wanted, "consent")} WHERE true
        ON CONFLICT (member, channel, topic)
          DO UPDATE SET granted = excluded.granted, source = excluded.source, at = excluded.at
        WHERE excluded.at >= at AND granted <> excluded.granted RETURNING member`,
  ];
}
