import { type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import { type CouponSkipReason, issueRules } from "../coupon/issue/issue-rules.ts";
import { rows } from "../db/bulk.ts";
import type { KeyKind } from "./columns.ts";
import type { Giving } from "./giving.ts";

/*
 * What becomes of rows, by the same conditions when it is predicted and when the coupons are given.
 */

/** Rows of the file that one message issues, and those that are committed together. */
export const [batchRows, blockRows] = [5_000, 1_000] as const;

/** Rows of a distribution above one, up to another; a block is known by its last. */
export interface Block {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** The rows of a block that are left out, as a condition over their table. */
export function leftOutOf({ id, from, to }: Block): SQL {
  return sql`distribution = ${id} AND row > ${from} AND row <= ${to}`;
}

/** The rows of a block that are given one, as a condition over their table. */
export function givenOf({ id, to }: Block): SQL {
  return sql`distribution = ${id} AND block = ${to}`;
}

/**
 * Rows that are left out – of one of these conditions – may still get a coupon. It is asked anew whom they name, of
 * whom there was none or several; or what speaks against their member, who is known. What a chain gave stays given.
 */
export const [isLookedUpAnew, isWeighedAnew] = [
  sql.raw("named IS NOT NULL"),
  sql.raw(`(member IS NOT NULL AND outcome IN ('ALREADY_HELD', 'NOT_ELIGIBLE', 'OUT_OF_STOCK')
    AND cause IS NOT 'ISSUED_BEFORE')`),
];

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
  const when = (reason: CouponSkipReason, said: SQL) => {
    const condition = rules.get(reason);
    return condition ? sql`WHEN ${condition} THEN ${said}` : sql``;
  };
  const here = issuedBy(giving, sql`m.seq`, [giving.id]);
  const chained = giving.chained.length > 0 ? issuedBy(giving, sql`m.seq`, giving.chained) : sql`0`;
  const before = sql`WHEN ${here} THEN 'DUPLICATE/' WHEN ${chained} THEN 'ALREADY_HELD/ISSUED_BEFORE'`;
  const limit = sql.raw("'ALREADY_HELD/LIMIT_REACHED'");
  // Within a limit of one, whoever got one is at the limit: nobody else need be asked of.
  const held =
    giving.perMember === 1
      ? when("LIMIT_REACHED", sql`CASE ${before} ELSE ${limit} END`)
      : sql`${before} ${when("LIMIT_REACHED", limit)}`;
  const source = giving.eligibility === null ? sql`(SELECT ${member} AS seq) m` : sql`member m WHERE m.seq = ${member}`;
  return sql`(
    SELECT CASE ${held} ${when("ENDED", sql`'NOT_ELIGIBLE/ENDED'`)}
      ${when("NOT_ELIGIBLE", sql`'NOT_ELIGIBLE/FOR_OTHERS'`)} END
    FROM ${source})`;
}

/** What coupons are from that a block of a distribution gives. */
export function sourceOf({ id, to }: Pick<Block, "id" | "to">): string {
  return `${prefix}${id}/${to}`;
}

const prefix = "distribution/";

/** Coupon `h` is from a distribution, and of which one and which block: a number is read up to what is no figure. */
export const [isOfAny, distributionOfCoupon, blockOfCoupon] = [
  sql.raw(`h.source GLOB '${prefix}*'`),
  sql.raw(`CAST(substr(h.source, ${prefix.length + 1}) AS INTEGER)`),
  sql.raw(
    `CAST(substr(h.source, ${prefix.length + 1} + instr(substr(h.source, ${prefix.length + 1}), '/')) AS INTEGER)`,
  ),
];

/** Whether a member (SQL) got a coupon from one of these distributions, as an SQL expression. */
function issuedBy({ template }: Pick<Giving, "template">, member: SQL, ids: readonly number[]): SQL {
  return sql`EXISTS (
    SELECT 1 FROM coupon h WHERE h.member = ${member} AND h.template = ${template} AND ${isOfAny}
      AND ${distributionOfCoupon} IN (SELECT value FROM ${rows(ids)}))`;
}

/** The row by which a member (SQL) got a coupon from a distribution, as an SQL expression. */
export function rowOfIssued({ id, template }: Pick<Giving, "id" | "template">, member: SQL): SQL {
  return sql`(
    SELECT d.row FROM coupon h CROSS JOIN distribution_given d
    ON d.distribution = ${id} AND d.block = ${blockOfCoupon} AND d.member = h.member
    WHERE h.member = ${member} AND h.template = ${template} AND ${isOfAny} AND ${distributionOfCoupon} = ${id}
    LIMIT 1)`;
}
