import { sql } from "drizzle-orm";
import { externalNames } from "../channels/catalog.ts";
import type { Context, PersonalData } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { refuse } from "../errors.ts";
import { forgetAnswersTo } from "../idempotency.ts";
import { auditDeed, forgetReasons, subjectOf } from "../transition/audit.ts";
import { leaveNos } from "./address-no.ts";
import { findMember, type MemberKey, pushTokensOf } from "./member.ts";
import type { Member } from "./table.ts";

/** All that is held about one member, as JSON; that it was taken is written down. NOT_FOUND for erased members. */
export async function exportMember(ctx: Context, key: MemberKey) {
  const member = await findMember(ctx, key);
  if (!member) return noMember(key);
  const { seq, deletedAt: _, ...facts } = member;
  await ctx.db.write([auditDeed(ctx, subjectOf("member", seq), "exported all that is held")]);
  const sections = personalData(ctx).map(async ({ name, rows, show = (row) => row }) => {
    return [name, (await ctx.db.all<Record<string, unknown>>(rows(seq))).map(show)] as const;
  });
  const held: Readonly<Record<string, unknown>> = {
    member: facts,
    suppressions: await ctx.db.all(suppressionsOf(member)),
    ...Object.fromEntries(await Promise.all(sections)),
  };
  return held;
}

function personalData({ domains }: Context): readonly PersonalData[] {
  return domains.flatMap(({ personalData = [] }) => personalData);
}

/**
 * Takes the person out of the member for good: every personal column, and what the domains hold. The row and its `seq`
 * stay, so that ledgers keep their sums; what her addresses said no to stays as keyed hashes, so that they are not
 * written to again.
 */
export async function eraseMember(ctx: Context, key: MemberKey) {
  const member = await findMember(ctx, key);
  if (!member) return noMember(key);
  const { id, seq } = member;
  const now = ctx.clock();
  const tokens = (await pushTokensOf(ctx, [seq])).get(seq) ?? [];
  ctx.sandbox.forget(seq); // first: what fails after it is asked for again
  await ctx.db.write([
    ...leaveNos(ctx, member, tokens),
    // Not the reason for which she is erased, now or at the same time by somebody else.
    forgetReasons(sql`SELECT 'member/' || seq FROM member WHERE seq = ${seq} AND deleted_at IS NULL`),
    // Before the row says no more by what it was found elsewhere.
    ...personalData(ctx).flatMap(({ erase }) => erase(seq)),
    sql`UPDATE member SET external_id = ${`erased:${ctx.id()}`}, name = NULL, email = NULL, phone = NULL, locale = 'en',
          time_zone = NULL, account_type = 'erased', level = 0, consecutive_active_days = 0, active_days_last_month = 0,
          birthday = NULL, registered_at = 0, membership_ends_at = NULL, last_active_at = NULL, attributes = '{}',
          updated_at = ${now}, deleted_at = ${now}
        WHERE seq = ${seq} AND deleted_at IS NULL`,
    auditDeed(ctx, subjectOf("member", seq), "erased", sql`changes() > 0`),
    forgetAnswersTo(seq),
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

function noMember(key: MemberKey) {
  return refuse.notFound("member", Object.values(key).join());
}
