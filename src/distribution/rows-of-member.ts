import { type SQL, sql } from "drizzle-orm";

/**
 * The rows of a member (SQL, a `seq`), of all distributions or of one, as a query with the columns of the table. The
 * index has the members in order within ten thousand rows each: it is asked once for each of these.
 */
export function rowsOf(member: SQL, distribution?: number): SQL {
  const which = distribution === undefined ? sql`1` : sql`id = ${distribution}`;
  return sql`(
    WITH RECURSIVE part (distribution, number, last) AS (
      SELECT id, 0, read_to / 10000 FROM distribution WHERE ${which}
      UNION ALL SELECT distribution, number + 1, last FROM part WHERE number < last)
    SELECT r.* FROM part CROSS JOIN distribution_row r INDEXED BY distribution_row_member
      ON r.distribution = part.distribution AND r.row / 10000 = part.number AND r.member = ${member}
    ORDER BY r.distribution, r.row)`;
}
