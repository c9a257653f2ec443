import { sql } from "drizzle-orm";
import { field, rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import type { GivenRow, LeftOutRow } from "./predict.ts";
import { type Block, isLookedUpAnew, isWeighedAnew, leftOutOf, saidCause, saidOutcome } from "./rows.ts";

/** The statements that write a block down: what is predicted of each of its rows, and how many end so. */
export function writeRows(block: Block, given: readonly GivenRow[], leftOut: readonly LeftOutRow[]): Query[] {
  return [...insertGiven(block, given), ...insertLeftOut(block, leftOut), countPredicted(block, given.length)];
}

/** The block, with the cells of those that are to get one, in case they do not after all. */
function insertGiven({ id, from, to }: Block, given: readonly GivenRow[]): Query[] {
  const cells = `{${given.map(({ row, cells }) => `"${row}":${cells}`).join(",")}}`;
  const members = given.map(({ member, row }) => [member, row] as const).sort(([one], [other]) => one - other);
  return [
    sql`INSERT INTO distribution_block (distribution, to_row, from_row, state, cells)
      VALUES (${id}, ${to}, ${from}, 'WAITING', ${cells})`,
    sql`INSERT INTO distribution_given (distribution, block, member, row)
      SELECT ${id}, ${to}, value ->> 0, value ->> 1 FROM ${rows(members)}`,
  ];
}

function insertLeftOut({ id }: Block, leftOut: readonly LeftOutRow[]): Query[] {
  if (leftOut.length === 0) return [];
  return [
    sql`
      INSERT INTO distribution_left_out
        (distribution, row, cells, member, named, outcome, cause, "column", message, other_row)
      SELECT ${id}, row, cells, member, named, ${saidOutcome}, ${saidCause}, "column", message, other_row FROM (
        SELECT ${field("row")} AS row, ${field("cells")} AS cells, ${field("member")} AS member,
          ${field("named")} AS named, ${field("said")} AS said, ${field("column")} AS "column",
          ${field("message")} AS message, ${field("other")} AS other_row FROM ${rows(leftOut)} LIMIT -1)`,
  ];
}

function countPredicted(block: Block, given: number): Query {
  return sql`
    INSERT INTO distribution_count (distribution, outcome, predicted, may_issue)
    SELECT ${block.id}, outcome, n, open FROM (
      SELECT outcome, count(*) AS n, sum(${isLookedUpAnew} OR ${isWeighedAnew}) AS open
      FROM distribution_left_out WHERE ${leftOutOf(block)} GROUP BY outcome
      UNION ALL SELECT 'ISSUED', ${given}, ${given} WHERE ${given} > 0) WHERE true
    ON CONFLICT DO UPDATE SET predicted = predicted + excluded.predicted, may_issue = may_issue + excluded.may_issue`;
}
