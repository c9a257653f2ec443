import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import { externalIdForms } from "../value/external-id.ts";
import type { MemberItem } from "./member-item.ts";
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

/** An item on its way into the tables. */
export type Arriving = MemberItem & {
  /** The public id, if it makes a new member. */
  readonly id: string;
  /** Whose it is, where that is known; else it is looked up by `externalId`. */
  readonly seq?: number | undefined;
};

/**
 * Creates or updates the rows of `member`, naming only columns that some item gives. The row as it was is joined in, so
 * that an item leaves alone what it does not give. Answers each row that is new or now differs.
 */
export function memberRows(items: readonly Arriving[], now: number): SQL[] {
  if (items.length === 0) return [];
  const { names, values, changing } = columnsOf(items, now, (column) => sql.raw(`o.${column}`));
  return [
    sql`
      INSERT INTO member (id, external_id, updated_at${names})
      SELECT ${field("id")}, ${field("externalId")}, ${now}${values}
      FROM ${rows(items)} LEFT JOIN member o ON o.external_id = ${field("externalId")}
      WHERE true
      ON CONFLICT (external_id) ${updateOf(changing)}
      RETURNING seq AS member`,
  ];
}

/** The same for items of which it is known that they make new members, under the `seq` that they bring. */
export function newMemberRows(items: readonly Arriving[], now: number): SQL[] {
  if (items.length === 0) return [];
  const { names, values } = columnsOf(items, now, () => sql.raw("NULL"));
  // Tags, tokens and words go into other tables.
  const bare = items.map(({ tags, pushTokens, channelTokens, consent, ...row }) => row);
  return [
    sql`
      INSERT INTO member (seq, id, external_id, updated_at${names})
      SELECT ${field("seq")}, ${field("id")}, ${field("externalId")}, ${now}${values} FROM ${rows(bare)}`,
  ];
}

/** The columns that are written, with their values; `before` is what one held until now. */
function columnsOf(items: readonly MemberItem[], now: number, before: (column: string) => SQL) {
  const given = plainFields.filter((name) => items.some((item) => item[name] !== undefined));
  const changing = [
    ...given.map((name) => ({ column: columns[name].name, value: finalValue(items, name, now, before) })),
    ...(items.some(({ attributes }) => attributes)
      ? [{ column: "attributes", value: merged(before("attributes")) }]
      : []),
  ];
  const always = given.includes("registeredAt") ? [] : [{ column: "registered_at", value: sql`${now}` }];
  const inserted = [...always, ...changing];
  return {
    names: sql.raw(inserted.map(({ column }) => `, ${column}`).join("")),
    values: sql.join(inserted.map(({ value }) => sql`, ${value}`)),
    changing: changing.map(({ column }) => column),
  };
}

function updateOf(names: readonly string[]): SQL {
  if (names.length === 0) return sql`DO NOTHING`;
  const all = (prefix: string) => sql.raw(names.map((name) => `${prefix}.${name}`).join(", "));
  const sets = sql.raw(names.map((name) => `${name} = excluded.${name}`).join(", "));
  return sql`DO UPDATE SET updated_at = excluded.updated_at, ${sets}
    WHERE (${all("member")}) IS NOT (${all("excluded")})`;
}

function finalValue(
  items: readonly MemberItem[],
  name: (typeof plainFields)[number],
  now: number,
  before: (column: string) => SQL,
): SQL {
  if (items.every((item) => item[name] !== undefined)) return field(name);
  const known = before(columns[name].name);
  const fallback = name === "registeredAt" ? now : columns[name].default;
  const otherwise = fallback === undefined ? known : sql`coalesce(${known}, ${fallback})`;
  return sql`CASE WHEN json_type(value, ${sql.raw(`'$.${name}'`)}) IS NULL THEN ${otherwise} ELSE ${field(name)} END`;
}

/** What the item says is merged into what is there (RFC 7396): `null` removes a name. */
const merged = (before: SQL) => sql`json_patch(coalesce(${before}, '{}'), coalesce(value -> 'attributes', '{}'))`;

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
