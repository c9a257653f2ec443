import { type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import { issueRules, unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import type { Query } from "../db/statement.ts";
import type { Giving } from "./giving.ts";

/*
 * What becomes of rows, decided in SQL: by the same conditions when it is predicted and when the coupons are given.
 */

/**
 * The member that `named`, e.g. `phone:+4915112345678`, means: null where there is none, −1 where there are several.
 * Erased members are none.
 */
export function memberNamed(named: SQL): SQL {
  const kind = sql`substr(${named}, 1, instr(${named}, ':') - 1)`;
  const key = sql`substr(${named}, instr(${named}, ':') + 1)`;
  const only = (column: string) => sql`(
    SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN min(m.seq) ELSE -1 END FROM member m
    WHERE m.${sql.raw(column)} = ${key} AND ${liveMember})`;
  const one = (column: string) => sql`(
    SELECT m.seq FROM member m WHERE m.${sql.raw(column)} = ${key} AND ${liveMember})`;
  return sql`CASE ${kind} WHEN 'externalId' THEN ${one("external_id")} WHEN 'publicId' THEN ${one("id")}
    WHEN 'phone' THEN ${only("phone")} WHEN 'email' THEN ${only("email")} END`;
}

/** Why the member of row `r` is not given one, whatever is left, as `OUTCOME/CAUSE`; null where nothing speaks against. */
export function againstRow(giving: Giving, now: number): SQL {
  const said = { ENDED: "NOT_ELIGIBLE/ENDED", NOT_ELIGIBLE: "NOT_ELIGIBLE/FOR_OTHERS" } as const;
  const whens = issueRules(giving, now).map(([reason, condition]) => {
    const outcome = reason === "ENDED" || reason === "NOT_ELIGIBLE" ? said[reason] : "ALREADY_HELD/LIMIT_REACHED";
    return [outcome, sql`WHEN ${condition} THEN ${sql.raw(`'${outcome}'`)}`] as const;
  });
  const isHeld = (outcome: string) => outcome.startsWith("ALREADY_HELD");
  const [held, others] = [whens.filter(([said]) => isHeld(said)), whens.filter(([said]) => !isHeld(said))];
  const before = issuedBefore(giving);
  return sql`CASE WHEN m.seq IS NULL THEN 'UNKNOWN_MEMBER/' WHEN r.other_row IS NOT NULL THEN 'DUPLICATE/'
    ${before ? sql`WHEN ${before} THEN 'ALREADY_HELD/ISSUED_BEFORE'` : sql``}
    ${sql.join(
      [...held, ...others].map(([, when]) => when),
      sql` `,
    )} END`;
}

/** Member `m` got one by a row of the distributions that this one follows. */
function issuedBefore({ id, chain }: Giving): SQL | undefined {
  if (chain === null) return undefined;
  return sql`EXISTS (
    SELECT 1 FROM distribution d CROSS JOIN distribution_row o ON o.member = m.seq AND o.distribution = d.id
      AND o.other_row IS NULL
    WHERE (d.chain = ${chain} OR d.id = ${chain}) AND d.id < ${id} AND o.outcome = 'ISSUED' AND ${isPassed(sql`o`)})`;
}

/** The batch of a row has passed it: its outcome is no prediction any more. */
export function isPassed(row: SQL): SQL {
  return sql`EXISTS (
    SELECT 1 FROM distribution_batch b WHERE b.distribution = ${row}.distribution AND b.number = (${row}.row - 1) / ${batchRows}
      AND b.next_row >= ${row}.row)`;
}

/** Rows of the file that one message issues, and those that it commits together. */
export const [batchRows, stepRows] = [5_000, 1_000] as const;

/** Rows of a distribution above one, up to another. */
export interface Stretch {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** The rows of a stretch, as a condition over `r`, or over the table's own columns. */
export function within({ id, from, to }: Stretch, row = ""): SQL {
  const column = (name: string) => sql.raw(`${row}${name}`);
  return sql`${column("distribution")} = ${id} AND ${column("row")} > ${from} AND ${column("row")} <= ${to}`;
}

/**
 * The statement that turns those of a stretch away for whom nothing is left: the last of it. `isToBe` selects the rows
 * that are to get one; `given` is how many units others before them are to get first.
 */
export function turnAway({ template }: Pick<Giving, "template">, stretch: Stretch, given: SQL, guard: SQL): Query {
  const left = sql`max(0, ${unitsLeft(template)} - ${given})`;
  const toBe = sql`SELECT row FROM distribution_row WHERE ${within(stretch)} AND outcome = 'ISSUED'`;
  return sql`
    UPDATE distribution_row SET outcome = 'OUT_OF_STOCK', cause = ${whatIsShort(template)}
    WHERE ${within(stretch)} AND outcome = 'ISSUED' AND ${guard} AND row >= CASE
      WHEN ${left} < ${stretch.to - stretch.from} THEN (${toBe} ORDER BY row LIMIT 1 OFFSET ${left}) END`;
}
