import { type SQL, sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { keyKinds } from "./columns.ts";
import { blockOfCoupon, distributionOfCoupon, isOfAny } from "./rows.ts";

/*
 * What is held of members in files: the rows that named them. Those that got a coupon are found by it, those that are
 * to get one in the blocks that are not done, all others by an index.
 */

/** The rows that are to give a member a coupon, of blocks `b` that are not done. */
const openRows = (member: number) => sql`
  distribution_block b INDEXED BY distribution_block_open
  CROSS JOIN distribution_given g ON g.distribution = b.distribution AND g.block = b.to_row AND g.member = ${member}
  WHERE b.state <> 'DONE'`;

const fileOf = (id: SQL) => sql`(SELECT d.file FROM distribution d WHERE d.id = ${id})`;

/** Whether it became of row `s` what it says, and is not only predicted. */
const isEnded = sql`coalesce((
  SELECT b.state = 'DONE' FROM distribution_block b WHERE b.distribution = s.distribution AND b.to_row >= s.row
  ORDER BY b.to_row LIMIT 1), 0)`;

/** `s` names the member by her own key, though it was not taken for her: nobody was known by it then, or several. */
function namesHer(member: number): SQL {
  const columns = { publicId: "id", externalId: "external_id", phone: "phone", email: "email" } as const;
  const names = keyKinds.map(
    (kind) => sql`SELECT ${`${kind}:`} || m.${sql.raw(columns[kind])} FROM member m WHERE m.seq = ${member}`,
  );
  return sql`named IN (${sql.join(names, sql` UNION ALL `)})`;
}

export const distributionPersonalData: readonly PersonalData[] = [
  {
    name: "distributionRows",
    table: "distribution_given",
    rows: (member) => sql`
      SELECT g.distribution, ${fileOf(sql`g.distribution`)} AS file, g.row, 'ISSUED' AS outcome, 1 AS ended,
        NULL AS cells
      FROM coupon h CROSS JOIN distribution_given g
        ON g.distribution = ${distributionOfCoupon} AND g.block = ${blockOfCoupon} AND g.member = h.member
      WHERE h.member = ${member} AND ${isOfAny}
      UNION ALL
      SELECT g.distribution, ${fileOf(sql`g.distribution`)}, g.row, 'ISSUED', 0, b.cells -> ('$."' || g.row || '"')
      FROM ${openRows(member)}`,
    show: shown,
    erase: eraseOpen,
  },
  {
    name: "distributionRowsLeftOut",
    table: "distribution_left_out",
    rows: (member) => sql`
      SELECT s.distribution, ${fileOf(sql`s.distribution`)} AS file, s.row, s.outcome, s.cause, ${isEnded} AS ended,
        s.cells
      FROM distribution_left_out s WHERE s.member = ${member} OR ${namesHer(member)}`,
    show: shown,
    erase: (member) => [
      sql`
        UPDATE distribution_left_out SET cells = NULL, member = NULL, named = NULL, message = NULL
        WHERE member = ${member} OR ${namesHer(member)}`,
    ],
  },
];

function shown({ cells, ended, ...row }: Readonly<Record<string, unknown>>) {
  return { ...row, ended: Number(ended) === 1, cells: typeof cells === "string" ? JSON.parse(cells) : null };
}

/**
 * Of rows that are to give her a coupon a row of nobody is left, so that what ends adds up to the rows of the file.
 * Those that gave one stay as ledgers do, with no more than her number and the row's.
 */
function eraseOpen(member: number): Query[] {
  const blocks = sql`(SELECT g.distribution, g.block FROM ${openRows(member)})`;
  const row = sql`
    SELECT g.row FROM distribution_given g
    WHERE g.distribution = distribution_block.distribution AND g.block = to_row AND g.member = ${member}`;
  return [
    sql`
      INSERT INTO distribution_left_out (distribution, row, outcome)
      SELECT g.distribution, g.row, 'UNKNOWN_MEMBER' FROM ${openRows(member)}`,
    sql`
      UPDATE distribution_block SET cells = json_remove(cells, '$."' || (${row}) || '"')
      WHERE (distribution, to_row) IN ${blocks}`,
    sql`DELETE FROM distribution_given WHERE member = ${member} AND (distribution, block) IN ${blocks}`,
  ];
}
