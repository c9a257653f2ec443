import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import type { KeyKind } from "./columns.ts";
import type { Giving } from "./giving.ts";
import { against, type Block, givenOf, leftOutOf, memberOf, saidCause, saidOutcome } from "./rows.ts";

/*
 * Members whom nobody knew when the file was read, and who have been imported since: what becomes of their rows is
 * decided when it is their block's turn.
 */

/** By which keys rows of a block name members who were not there. */
export async function unknownKinds(ctx: Context, block: Block): Promise<KeyKind[]> {
  const found = await ctx.db.all<{ kind: KeyKind }>(sql`
    SELECT DISTINCT substr(named, 1, instr(named, ':') - 1) AS kind FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND outcome = 'UNKNOWN_MEMBER' AND named IS NOT NULL`);
  return found.map(({ kind }) => kind);
}

/**
 * The statements that find them, where `guard` holds, and put those among the members who get a coupon whom nothing
 * speaks against; of two rows of one member the first.
 */
export function takeInThoseWhoCame(giving: Giving, block: Block, kinds: readonly KeyKind[], guard: SQL, now: number) {
  if (kinds.length === 0) return [];
  const { id, to } = block;
  const isToGet = sql`${leftOutOf(block)} AND outcome = 'ISSUED'`;
  const first = sql`(SELECT g.row FROM distribution_given g WHERE ${givenOf(block)} AND g.member = s.member)`;
  return [
    ...kinds.map((kind) => findThem(giving, block, kind, guard, now)),
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

/** Those of one kind of key: ISSUED, for the moment, where nothing speaks against it. */
function findThem(giving: Giving, block: Block, kind: KeyKind, guard: SQL, now: number): Query {
  const prefix = `${kind}:`;
  const came = sql`
    SELECT row, ${memberOf(kind, sql`substr(named, ${prefix.length + 1})`)} AS member FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND outcome = 'UNKNOWN_MEMBER' AND substr(named, 1, ${prefix.length}) = ${prefix}
      AND ${guard} LIMIT -1`;
  return sql`
    UPDATE distribution_left_out SET member = f.member, named = NULL, "column" = NULL, outcome = ${saidOutcome},
      cause = ${saidCause}
    FROM (
      SELECT c.row, c.member, coalesce(${against(giving, sql`c.member`, now)}, 'ISSUED/') AS said
      FROM (${came}) c WHERE c.member > 0) f
    WHERE distribution = ${block.id} AND distribution_left_out.row = f.row`;
}
