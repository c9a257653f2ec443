import { type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import type { Context } from "../context.ts";
import { membersBySeq } from "./member.ts";
import { checkItem, isFaulty } from "./member-item.ts";
import type { Member } from "./table.ts";

/** Members found at most. */
export const foundMost = 50;
/** With fewer letters, only what is exactly this is found. A Chinese sign says as much as two, and names have three. */
const prefixFrom = 3;
const isHan = /\p{Script=Han}/u;

/**
 * The members whom somebody at the desk may mean by a text: those with exactly this e-mail address, phone number,
 * external id, opaque id or name first, then those whose external id, e-mail address or name begins with it (from three
 * letters on, or two Chinese signs). Each is read off an index; at most {@link foundMost}.
 */
export async function findMembers(
  ctx: Context,
  { text, limit }: { readonly text: string; readonly limit: number },
): Promise<Member[]> {
  const word = text.trim();
  if (word === "") return [];
  const [externalId, email, phone] = [stored("externalId", word), stored("email", word), stored("phone", word)];
  const name = stored("name", word);
  const exact = [
    ...(email ? [sql`email = ${email}`] : []),
    ...(phone ? [sql`phone = ${phone}`] : []),
    sql`external_id = ${externalId ?? word}`,
    sql`id = ${word}`,
    ...(name ? [sql`name = ${name} COLLATE NOCASE`] : []),
  ];
  const isLong = [...word].reduce((letters, sign) => letters + (isHan.test(sign) ? 2 : 1), 0) >= prefixFrom;
  const prefixed = isLong
    ? [
        begins(sql`external_id`, externalId ?? word),
        begins(sql`email`, word.toLowerCase()),
        begins(sql`name COLLATE NOCASE`, name ?? word),
      ]
    : [];
  const most = Math.min(Math.max(1, limit), foundMost);
  const parts = [...exact, ...prefixed].map(
    (where, rank) => sql`SELECT * FROM (
      SELECT m.seq, ${rank} AS rank FROM member m WHERE ${where} AND ${liveMember} LIMIT ${most})`,
  );
  const found = await ctx.db.all<{ seq: number }>(sql`
    SELECT seq FROM (${sql.join(parts, sql` UNION ALL `)}) GROUP BY seq ORDER BY min(rank), seq LIMIT ${most}`);
  const members = await membersBySeq(
    ctx,
    found.map(({ seq }) => seq),
  );
  return members.filter((member) => member !== undefined);
}

/** How a value is kept that a member may have; undefined for what can be none. */
function stored(field: "externalId" | "name" | "email" | "phone", value: string) {
  const item = checkItem({ externalId: "x", [field]: value });
  return isFaulty(item) ? undefined : item[field];
}

/** A range of an index, where LIKE would walk it. */
function begins(column: SQL, text: string): SQL {
  return sql`${column} >= ${text} AND ${column} < ${`${text}\u{10FFFF}`}`;
}
