import { sql } from "drizzle-orm";
import { field, rows } from "../../src/db/bulk.ts";
import type { Database } from "../../src/db/client.ts";
import { type Person, tokenChannel } from "./reference.ts";

/**
 * Puts the members and all that belongs to them into an empty database, and the suppressions of {@link suppressions}.
 */
export async function insertPeople(db: Database, people: readonly Person[]): Promise<void> {
  const columns = Object.keys(people[0]!).filter((name) => !["tags", "tokens", "consent", "attributes"].includes(name));
  const names = sql.raw(columns.join(", "));
  const values = sql.join(columns.map(field), sql`, `);
  const each = (list: string) => sql`${rows(people)} p, json_each(p.value, ${`$.${list}`}) e`;
  const member = sql`p.value ->> 'seq'`;
  const tokens = people.flatMap(({ seq, tokens }) =>
    tokens.map((token) => ({ seq, token, channel: tokenChannel(token) })),
  );
  const blocked = [...suppressions(people)].map((entry) => entry.split(" "));
  await db.write([
    sql`INSERT INTO member (${names}, attributes, updated_at)
        SELECT ${values}, value -> 'attributes', 1 FROM ${rows(people)}`,
    sql`INSERT INTO member_tag SELECT ${member}, e.value FROM ${each("tags")}`,
    sql`INSERT INTO push_token (token, member, added_at, channel)
        SELECT value ->> 'token', value ->> 'seq', 1, value ->> 'channel' FROM ${rows(tokens)}`,
    sql`INSERT INTO consent (member, channel, topic, said, said_by, said_at)
        SELECT ${member}, e.value ->> 'channel', e.value ->> 'topic', e.value ->> 'granted', 'test', 1
        FROM ${each("consent")}`,
    sql`INSERT INTO suppression SELECT value ->> 0, value ->> 1, 'operator', 1 FROM ${rows(blocked)}`,
  ]);
}

/** Every third member's addresses, as "CHANNEL address". */
export function suppressions(people: readonly Person[]): ReadonlySet<string> {
  const third = people.filter(({ seq }) => seq % 3 === 0);
  return new Set(
    third.flatMap(({ email, phone, tokens }) => [
      ...(email ? [`EMAIL ${email}`] : []),
      ...(phone ? [`SMS ${phone}`] : []),
      ...tokens.slice(0, 1).map((token) => `${tokenChannel(token)} ${token}`),
    ]),
  );
}
