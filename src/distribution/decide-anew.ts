import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import type { Query } from "../db/statement.ts";
import type { KeyKind } from "./columns.ts";
import type { Giving } from "./giving.ts";
import {
  against,
  type Block,
  givenOf,
  isLookedUpAnew,
  isWeighedAnew,
  leftOutOf,
  memberOf,
  rowOfIssued,
  saidCause,
  saidOutcome,
} from "./rows.ts";

/*
 * Rows that were left out when the file was read, and of which something else is true by now: their member has been
 * imported since, the stock or the limit was raised, the template is for more. What becomes of them is decided when it
 * is their block's turn.
 */

/** Rows of a block that are decided anew: by which keys some name their member, and whether others have one already. */
interface OpenRows {
  readonly kinds: readonly KeyKind[];
  readonly weighed: boolean;
}

/** Looks for them, so that a block without any is asked nothing more. */
export async function openRows(ctx: Context, block: Block): Promise<OpenRows> {
  const found = await ctx.db.all<{ kind: KeyKind | null }>(sql`
    SELECT DISTINCT substr(named, 1, instr(named, ':') - 1) AS kind FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND (${isLookedUpAnew} OR ${isWeighedAnew})`);
  const kinds = found.flatMap(({ kind }) => kind ?? []);
  return { kinds, weighed: kinds.length < found.length };
}

/**
 * The statements that say of such rows what is true now, where `guard` holds, and put those among the members who get a
 * coupon whom nothing speaks against: by the row that was to give them one, else by the first of theirs.
 */
export function decideAnew(giving: Giving, block: Block, { kinds, weighed }: OpenRows, guard: SQL, now: number) {
  if (kinds.length === 0 && !weighed) return [];
  const { id, to } = block;
  const isToGet = sql`${leftOutOf(block)} AND outcome = 'ISSUED'`;
  const first = sql`(SELECT g.row FROM distribution_given g WHERE ${givenOf(block)} AND g.member = s.member)`;
  return [
    ...(weighed ? [weigh(giving, block, guard, now)] : []),
    ...kinds.map((kind) => lookUp(giving, block, kind, guard, now)),
    sql`
      UPDATE distribution_block SET cells = json_patch(cells, (
        SELECT json_group_object(row, json(cells)) FROM distribution_left_out WHERE ${isToGet}))
      WHERE distribution = ${id} AND to_row = ${to} AND ${guard}
        AND EXISTS (SELECT 1 FROM distribution_left_out WHERE ${isToGet})`,
    sql`
      INSERT INTO distribution_given (distribution, block, member, row)
      SELECT ${id}, ${to}, member, min(row) FROM distribution_left_out WHERE ${isToGet} GROUP BY member
      ON CONFLICT DO NOTHING`,
    sql`
      DELETE FROM distribution_left_out
      WHERE ${isToGet} AND row IN (SELECT row FROM distribution_given WHERE ${givenOf(block)})`,
    sql`
      UPDATE distribution_left_out AS s SET outcome = 'DUPLICATE', other_row = ${first}
      WHERE ${isToGet}`,
  ] satisfies Query[];
}

/** Those of whom it is known whom they mean. Where nothing is left they are not taken up only to be left out again. */
function weigh(giving: Giving, block: Block, guard: SQL, now: number): Query {
  const { template } = giving;
  const stock = sql`
    CASE WHEN ${unitsLeft(template)} > 0 THEN 'ISSUED/' ELSE 'OUT_OF_STOCK/' || ${whatIsShort(template)} END`;
  const open = sql`
    SELECT row, member, outcome || '/' || coalesce(cause, '') AS was FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND ${isWeighedAnew} AND ${guard} LIMIT -1`;
  return sql`
    UPDATE distribution_left_out SET outcome = ${saidOutcome}, cause = ${saidCause}, other_row = ${otherRow(giving)}
    FROM (
      SELECT c.row, c.member, c.was, coalesce(${against(giving, sql`c.member`, now)}, ${stock}) AS said
      FROM (${open}) c LIMIT -1) f
    WHERE distribution = ${block.id} AND distribution_left_out.row = f.row AND f.said <> f.was`;
}

/** Those of one kind of key: ISSUED, for the moment, where nothing speaks against it. */
function lookUp(giving: Giving, block: Block, kind: KeyKind, guard: SQL, now: number): Query {
  const prefix = `${kind}:`;
  const open = sql`
    SELECT row, ${memberOf(kind, sql`substr(named, ${prefix.length + 1})`)} AS member FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND ${isLookedUpAnew} AND substr(named, 1, ${prefix.length}) = ${prefix}
      AND ${guard} LIMIT -1`;
  const isOne = sql`f.member > 0`;
  return sql`
    UPDATE distribution_left_out SET member = iif(${isOne}, f.member, NULL), named = iif(${isOne}, NULL, named),
      "column" = iif(${isOne}, NULL, "column"), outcome = ${saidOutcome}, cause = ${saidCause},
      other_row = ${otherRow(giving)}
    FROM (
      SELECT c.row, c.member, CASE WHEN c.member IS NULL THEN 'UNKNOWN_MEMBER/'
        WHEN c.member < 0 THEN 'INVALID/SEVERAL_MEMBERS'
        ELSE coalesce(${against(giving, sql`c.member`, now)}, 'ISSUED/') END AS said
      FROM (${open}) c LIMIT -1) f
    WHERE distribution = ${block.id} AND distribution_left_out.row = f.row`;
}

/** The row of an earlier block by which the member of `f` got one, where that is what is said. */
function otherRow({ id, template }: Giving): SQL {
  return sql`CASE f.said WHEN 'DUPLICATE/' THEN ${rowOfIssued({ id, template }, sql`f.member`)} END`;
}
