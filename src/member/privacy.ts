import { sql } from "drizzle-orm";
import { externalNames } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { type Refusal, refuse } from "../errors.ts";
import { consentsOf, findMember, type MemberKey, pushTokensOf, tagsOf } from "./member.ts";
import type { Member } from "./table.ts";

/** What another domain holds about a member: how it is exported, and how it is erased. The application lists them all. */
export interface PersonalData {
  /** The key of its rows in an export. */
  readonly name: string;
  /** Its rows of one member, as the export shows them. */
  readonly rows: (member: number) => Query;
  /** The statements that take the person out of them and leave every sum as it is. */
  readonly erase: (member: number) => readonly Query[];
}

/** All that is held about one member, as JSON. NOT_FOUND for erased members. */
export async function exportMember(
  ctx: Context,
  key: MemberKey,
  elsewhere: readonly PersonalData[] = [],
): Promise<Readonly<Record<string, unknown>> | Refusal> {
  const member = await findMember(ctx, key);
  if (!member) return noMember(key);
  const { seq, deletedAt: _, ...facts } = member;
  const words = (await consentsOf(ctx, [seq])).get(seq) ?? [];
  const sections = elsewhere.map(async ({ name, rows }) => [name, await ctx.db.all(rows(seq))] as const);
  return {
    member: facts,
    tags: (await tagsOf(ctx, [seq])).get(seq) ?? [],
    pushTokens: (await pushTokensOf(ctx, [seq])).get(seq) ?? [],
    consent: words.map(({ member: _, ...word }) => word),
    suppressions: await ctx.db.all(suppressionsOf(member)),
    ...Object.fromEntries(await Promise.all(sections)),
  };
}

/**
 * Takes the person out of the member for good: every personal column, tags, push tokens and words of consent. The row and
 * its `seq` stay, so that ledgers keep their sums; suppressions stay, so that the address is not written to again.
 */
export async function eraseMember(
  ctx: Context,
  key: MemberKey,
  elsewhere: readonly PersonalData[] = [],
): Promise<{ readonly id: string; readonly seq: number } | Refusal> {
  const member = await findMember(ctx, key);
  if (!member) return noMember(key);
  const { id, seq } = member;
  const now = ctx.clock();
  await ctx.db.write([
    sql`UPDATE member SET external_id = ${`erased:${Bun.randomUUIDv7()}`}, email = NULL, phone = NULL, locale = 'en',
          time_zone = NULL, account_type = 'erased', level = 0, consecutive_active_days = 0, active_days_last_month = 0,
          birthday = NULL, registered_at = 0, membership_ends_at = NULL, last_active_at = NULL, attributes = '{}',
          updated_at = ${now}, deleted_at = ${now}
        WHERE seq = ${seq} AND deleted_at IS NULL`,
    sql`DELETE FROM member_tag WHERE member = ${seq}`,
    sql`DELETE FROM push_token WHERE member = ${seq}`,
    sql`DELETE FROM consent WHERE member = ${seq}`,
    ...elsewhere.flatMap(({ erase }) => erase(seq)),
  ]);
  return { id, seq };
}

function suppressionsOf({ seq, email, phone }: Member): Query {
  const channels = sql.join(
    externalNames.map((name) => sql`${name}`),
    sql`, `,
  );
  return sql`
    SELECT channel, address, reason, at FROM suppression WHERE channel IN (${channels})
      AND address IN (SELECT ${email} UNION SELECT ${phone} UNION SELECT token FROM push_token WHERE member = ${seq})`;
}

function noMember(key: MemberKey): Refusal {
  return refuse.notFound("member", Object.values(key).join());
}
