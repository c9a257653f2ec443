import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { dropAvailableWithin } from "../cache/sync-cache.ts";
import { assignPoolCodes } from "../code/pool-assign.ts";
import { couponsClaimed } from "../coupon-events.ts";
import { loadGate } from "../gate/reconcile.ts";
import { type IssueRange, type PendingUnits, settleUnits, takeUnits } from "../gate/units.ts";
import type { CodeMode } from "../table.ts";
import { dayEndSql } from "../template/day-end.ts";
import { validFromSql, validToSql } from "../template/validity.ts";
import { withNewCodes } from "./code-in-sql.ts";

/** Coupons of one template for many members at once. */
export interface BulkIssue {
  readonly template: number;
  /** Who gives them, e.g. `run/7` of a campaign. */
  readonly source: string;
  readonly perMember: number;
  readonly codeMode: CodeMode;
  readonly codePrefix: string;
  /** A query of the column `member`: whom `issueRules` excluded must not be in it, nor more than `unitsLeft`. */
  readonly members: SQL;
  readonly now: number;
  /** The shop's time zone: where days end. */
  readonly zone: string;
}

/**
 * The statements that give a coupon to each of these members and count them, to stand in one batch with what decided
 * who they are. The triggers leave them, as `counted`, alone: whoever uses them bounds the members, and the table's
 * CHECKs stand behind. {@link couponsIssued} is told their results.
 */
export function issueStatements(issue: BulkIssue): Query[] {
  const { template, source, perMember, codeMode, now } = issue;
  // Within a limit of one, whoever may have one has none: nothing needs to be counted.
  const number =
    perMember === 1
      ? sql`1`
      : sql`1 + (SELECT count(*) FROM coupon h WHERE h.member = s.member AND h.template = terms.id)`;
  const [members, code] = withCodes(issue);
  return [
    sql`
      INSERT INTO coupon (member, template, number, source, code, held_budget, at, valid_from, valid_to, counted)
      SELECT s.member, terms.id, ${number}, ${source}, ${code},
        CASE WHEN terms.budget IS NULL THEN 0 ELSE terms.max_discount END, ${now}, terms.valid_from, terms.valid_to, 1
      FROM (${termsOf(issue)}) terms CROSS JOIN (${members}) s`,
    sql`
      UPDATE coupon_template SET issued = issued + changes(), reserved = reserved + ${heldBudget},
        state = iif(${takesLast}, 'SOLD_OUT', state), updated_at = iif(${takesLast}, ${now}, updated_at)
      WHERE id = ${template} AND changes() > 0`,
    sql`
      SELECT stock - issued AS remaining, s.above AS "from", s.last AS "to"
      FROM coupon_template CROSS JOIN (SELECT min(member) - 1 AS above, max(member) AS last FROM (${issue.members})) s
      WHERE id = ${template}`,
    ...(codeMode === "POOL" ? assignPoolCodes({ template, source, members: issue.members }) : []),
    couponsClaimed({
      from: sql`(${issue.members}) s CROSS JOIN coupon c ON c.member = s.member`,
      where: sql`c.template = ${template} AND c.source = ${source} AND c.at = ${now}`,
    }),
  ];
}

/** What the template gives each of them; LIMIT keeps SQLite from working it out anew for each. */
function termsOf({ template, now, zone }: BulkIssue): SQL {
  const at = sql`${now}`;
  return sql`
    SELECT t.id, t.budget, t.max_discount, ${validFromSql(at)} AS valid_from,
      ${validToSql(at, dayEndSql(now, zone))} AS valid_to
    FROM coupon_template t WHERE t.id = ${template} LIMIT 1`;
}

const heldBudget = sql`CASE WHEN budget IS NULL THEN 0 ELSE max_discount * changes() END`;
const takesLast = sql`(issued + changes() >= stock OR reserved + ${heldBudget} + spent + max_discount > budget)`;

function withCodes({ members, codeMode, codePrefix }: BulkIssue): [SQL, SQL] {
  return codeMode === "ON_CLAIM" ? [withNewCodes(members, codePrefix), sql`s.code`] : [members, sql`NULL`];
}

/**
 * Takes what an issue to many may need out of the gate, up to `units`: so the crowd of a flash sale is not let through
 * for it while the database decides. Undefined where there is no gate, or none that answers: the issue goes on all the
 * same. {@link couponsIssued} is told of it; what dies in between is found by the reaper.
 */
export async function takeForIssue(
  ctx: Context,
  wanted: IssueRange & { readonly template: number; readonly units: number },
): Promise<PendingUnits | undefined> {
  const taken = await takeUnits(ctx.redis, wanted, ctx.clock());
  if (taken === "unloaded") void loadGate(ctx, wanted.template);
  return typeof taken === "object" ? taken : undefined;
}

/** What {@link couponsIssued} is told. */
export interface Issued {
  readonly template: number;
  /** Those of {@link issueStatements}. */
  readonly results: readonly ResultSet[];
  /** What was taken for them, if it was. */
  readonly taken: PendingUnits | undefined;
  /** Who they are, where they are a few of many who lie between them. */
  readonly members?: () => Promise<readonly number[]>;
}

/**
 * To be called after the commit: gate and wallets follow. It does not throw, and nobody needs to wait for it; a gate
 * that does not hear of it lets too many through, whom the database refuses.
 */
export async function couponsIssued(ctx: Context, { template, results, taken, members }: Issued): Promise<void> {
  const [given, , after] = results;
  const issued = given?.rowsAffected ?? 0;
  if (!ctx.redis || !after || (issued === 0 && !taken)) return;
  const { remaining, from, to } = IssueResult.parse(after.rows[0]);
  const told = remaining !== null && settleUnits(ctx.redis, template, { token: taken?.token ?? "", issued, remaining });
  await Promise.all([told, issued > 0 && dropAvailableWithin(ctx, { from, to }, members)]);
}

/** What is left, and who got one: nobody outside of members above `from` up to `to`. */
const IssueResult = z.object({
  remaining: z.int().nullable(),
  from: z.int().nullable().transform(Number),
  to: z.int().nullable().transform(Number),
});
