import { type SQL, sql } from "drizzle-orm";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { codeKey } from "../../value/coupon-code.ts";

/** What a claim says of the code of its coupon. */
export interface ClaimedCode {
  /** Of the claim: the coupon that it made has the same. */
  readonly token: string;
  /** What the member typed; null = the lowest free one. */
  readonly code: string | null;
  readonly isPooled: boolean;
}

/** Coupons that were given to many at once. */
export interface GivenCoupons {
  readonly template: number;
  /** Who gave them, e.g. `run/7`. */
  readonly source: string;
  /** A query of the column `member`: who were given one. */
  readonly members: SQL;
}

/**
 * The statements that give the lowest free codes of a template's pools to coupons that have none yet; they stand in the
 * batch that gives the coupons, behind it. Whoever gave no more of them than the stock has codes for each: a pool's
 * stock is its free codes. Of a template without a pool they change nothing, and repeating them neither.
 */
export function assignPoolCodes({ template, source, members }: GivenCoupons): Query[] {
  const bare = (coupon: string) => {
    const column = (name: string) => sql.raw(`${coupon}.${name}`);
    return sql`${column("template")} = ${template} AND ${column("source")} = ${source} AND ${column("code")} IS NULL`;
  };
  return [
    takeCodes(sql`
      SELECT c.id AS coupon, c.template FROM coupon_template t CROSS JOIN (${members}) s
      CROSS JOIN coupon c ON c.member = s.member AND ${bare("c")}
      WHERE t.id = ${template} AND t.code_mode = 'POOL'`),
    sql`
      UPDATE coupon SET code = f.code FROM pool_code f
      WHERE f.coupon = coupon.id AND coupon.member IN (${members}) AND ${bare("coupon")}
        AND EXISTS (SELECT 1 FROM coupon_template t WHERE t.id = ${template} AND t.code_mode = 'POOL')`,
  ];
}

/**
 * The statements that give codes to the coupons that claims have just made; none where no template has pools. Among a
 * hundred claims a code costs a hundredth of a millisecond: a list of the free ones outside the database would cost
 * more to ask, and the database must mark them anyway.
 */
export function assignClaimCodes(claims: readonly ClaimedCode[]): Query[] {
  const pooled = claims.filter(({ isPooled }) => isPooled);
  const typed = pooled.filter(({ code }) => code !== null);
  const wanting = pooled.filter(({ code }) => code === null);
  return [...(typed.length > 0 ? [markTyped(typed)] : []), ...(wanting.length > 0 ? assignLowest(wanting) : [])];
}

/** Codes that members typed carry their coupons from now on; before others are given, so that none is given twice. */
function markTyped(claims: readonly ClaimedCode[]): Query {
  const typed = claims.map(({ token, code }) => ({ token, code, key: codeKey(code ?? "") }));
  return sql`
    UPDATE pool_code SET coupon = g.coupon FROM (
      SELECT own.id AS coupon, (SELECT p.id FROM pool_code p WHERE p.key = (value ->> 'key')) AS code
      FROM ${rows(typed)} CROSS JOIN coupon own ON own.token = (value ->> 'token') AND own.code = (value ->> 'code')) g
    WHERE pool_code.id = g.code AND pool_code.coupon IS NULL`;
}

function assignLowest(claims: readonly ClaimedCode[]): Query[] {
  const tokens = claims.map(({ token }) => token);
  return [
    takeCodes(sql`
      SELECT own.id AS coupon, own.template FROM ${rows(tokens)} c
      CROSS JOIN coupon own ON own.token = c.value AND own.code IS NULL
      CROSS JOIN coupon_template t ON t.id = own.template AND t.code_mode = 'POOL'`),
    sql`
      UPDATE coupon SET code = f.code FROM pool_code f
      WHERE f.coupon = coupon.id AND coupon.token IN (SELECT value FROM ${rows(tokens)}) AND coupon.code IS NULL`,
  ];
}

/**
 * Gives the n-th coupon of each template its n-th free code. The free ones are found one after the other, in as many
 * steps as there are coupons.
 */
function takeCodes(coupons: SQL): Query {
  const next = (template: string, after: SQL) => sql`(
    SELECT f.id FROM pool_code f WHERE f.template = ${sql.raw(template)} AND f.coupon IS NULL AND f.id > ${after}
    ORDER BY f.id LIMIT 1)`;
  return sql`
    UPDATE pool_code SET coupon = g.coupon FROM (
      WITH RECURSIVE
        given AS MATERIALIZED (
          SELECT coupon, template, row_number() OVER (PARTITION BY template ORDER BY coupon) AS place
          FROM (${coupons})),
        needed AS MATERIALIZED (SELECT template, count(*) AS n FROM given GROUP BY template),
        free (template, n, place, code) AS (
          SELECT template, n, 1, ${next("needed.template", sql`0`)} FROM needed
          UNION ALL SELECT template, n, place + 1, ${next("free.template", sql`free.code`)}
          FROM free WHERE place < n AND code IS NOT NULL)
      SELECT given.coupon, free.code FROM given
      JOIN free ON free.template = given.template AND free.place = given.place) g
    WHERE pool_code.id = g.code`;
}
