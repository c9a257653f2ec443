import { type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import { type CouponSkipReason, issueRules } from "../coupon/issue/issue-rules.ts";
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
  const here = sql`EXISTS (SELECT 1 FROM coupon h WHERE ${isIssuedBy(giving, sql`m.seq`)})`;
  // Within a limit of one, whoever got one here is at the limit.
  const before = giving.perMember === 1 ? sql`` : sql`WHEN ${here} THEN 'DUPLICATE/'`;
  const held = giving.perMember === 1 ? sql`iif(${here}, 'DUPLICATE/', ${limit})` : limit;
  const earlier =
    giving.chain === null ? sql`` : sql`WHEN ${isIssuedBefore(giving, sql`m.seq`)} THEN 'ALREADY_HELD/ISSUED_BEFORE'`;
  const source = giving.eligibility === null ? sql`(SELECT ${member} AS seq) m` : sql`member m WHERE m.seq = ${member}`;
  return sql`(
    SELECT CASE ${before} ${earlier} ${when("LIMIT_REACHED", held)} ${when("ENDED", sql`'NOT_ELIGIBLE/ENDED'`)}
      ${when("NOT_ELIGIBLE", sql`'NOT_ELIGIBLE/FOR_OTHERS'`)} END
    FROM ${source})`;
}

const limit = sql.raw("'ALREADY_HELD/LIMIT_REACHED'");

/** What coupons are from that a block of a distribution gives. */
export function sourceOf({ id, to }: Block): string {
  return `distribution/${id}/${to}`;
}

/** Coupon `h` is a member's (SQL) from a distribution. */
export function isIssuedBy({ id, template }: Pick<Giving, "id" | "template">, member: SQL): SQL {
  return sql`h.member = ${member} AND h.template = ${template} AND h.source GLOB ${`distribution/${id}/*`}`;
}

/** A member (SQL) got a coupon by a distribution that this one follows. */
function isIssuedBefore({ id, chain, template }: Giving, member: SQL): SQL {
  return sql`EXISTS (
    SELECT 1 FROM distribution f CROSS JOIN coupon h
    WHERE (f.id = ${chain} OR f.chain = ${chain}) AND f.id < ${id}
      AND h.member = ${member} AND h.template = ${template} AND h.source GLOB 'distribution/' || f.id || '/*')`;
}

/** The row by which a member (SQL) got a coupon from a distribution, as an SQL expression. */
export function rowOfIssued({ id, template }: Pick<Giving, "id" | "template">, member: SQL): SQL {
  const block = sql`CAST(substr(h.source, ${`distribution/${id}/`.length + 1}) AS INTEGER)`;
  return sql`(
    SELECT d.row FROM coupon h CROSS JOIN distribution_given d
    ON d.distribution = ${id} AND d.block = ${block} AND d.member = h.member
    WHERE ${isIssuedBy({ id, template }, member)} LIMIT 1)`;
}
