import { type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import { issueRules, unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import type { Query } from "../db/statement.ts";
import type { KeyKind } from "./columns.ts";
import type { Giving } from "./giving.ts";

/*
 * What becomes of rows, by the same conditions when it is predicted and when the coupons are given.
 */

/** Rows of the file that one message issues, and those that it commits together. */
export const [batchRows, stepRows] = [5_000, 1_000] as const;

/** Rows of a distribution above one, up to another. */
export interface Stretch {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** The rows of a stretch, as a condition over the table's columns, or those of an alias, e.g. `r.`. */
export function within({ id, from, to }: Stretch, alias = ""): SQL {
  const column = (name: string) => sql.raw(`${alias}${name}`);
  return sql`${column("distribution")} = ${id} AND ${column("row")} > ${from} AND ${column("row")} <= ${to}`;
}

/**
 * The member whom a key means, as an SQL expression: null where there is none, −1 where there are several. Erased
 * members are none; they keep nothing but their `publicId`.
 */
export function memberOf(kind: KeyKind, key: SQL): SQL {
  if (kind === "publicId") return sql`(SELECT m.seq FROM member m WHERE m.id = ${key} AND ${liveMember})`;
  if (kind === "externalId") return sql`(SELECT m.seq FROM member m WHERE m.external_id = ${key})`;
  return sql`(
    SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN min(m.seq) ELSE -1 END FROM member m
    WHERE m.${sql.raw(kind)} = ${key})`;
}

/** An outcome with its cause, e.g. `NOT_ELIGIBLE/ENDED`, as SQL text; the cause may be empty. */
export const [saidOutcome, saidCause] = [
  sql.raw("substr(said, 1, instr(said, '/') - 1)"),
  sql.raw("nullif(substr(said, instr(said, '/') + 1), '')"),
];

/**
 * Why a member (SQL, a `seq`) is not given one, whatever is left, as such a text; null where nothing speaks against it.
 * Only an audience needs to look at the member.
 */
export function against(giving: Giving, member: SQL, now: number): SQL {
  const rules = new Map(issueRules(giving, now));
  const when = (reason: "LIMIT_REACHED" | "ENDED" | "NOT_ELIGIBLE", said: string) => {
    const condition = rules.get(reason);
    return condition ? sql`WHEN ${condition} THEN ${sql.raw(`'${said}'`)}` : sql``;
  };
  const source = giving.eligibility === null ? sql`(SELECT ${member} AS seq) m` : sql`member m WHERE m.seq = ${member}`;
  return sql`(
    SELECT CASE ${when("LIMIT_REACHED", "ALREADY_HELD/LIMIT_REACHED")} ${when("ENDED", "NOT_ELIGIBLE/ENDED")}
      ${when("NOT_ELIGIBLE", "NOT_ELIGIBLE/FOR_OTHERS")} END
    FROM ${source})`;
}

/**
 * The statement that turns those of a stretch away for whom nothing is left: the last of those that are to get one.
 * `before` is how many units others are to get first.
 */
export function turnAway({ template }: Pick<Giving, "template">, stretch: Stretch, before: SQL, guard: SQL): Query {
  const left = sql`max(0, ${unitsLeft(template)} - ${before})`;
  const toBe = sql`SELECT row FROM distribution_row WHERE ${within(stretch)} AND outcome = 'ISSUED'`;
  return sql`
    UPDATE distribution_row SET outcome = 'OUT_OF_STOCK', cause = ${whatIsShort(template)}
    WHERE ${within(stretch)} AND outcome = 'ISSUED' AND ${guard} AND row >= CASE
      WHEN ${left} < ${stretch.to - stretch.from} THEN (${toBe} ORDER BY row LIMIT 1 OFFSET ${left}) END`;
}
