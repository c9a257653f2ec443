import { type Placeholder, sql } from "drizzle-orm";
import { prepared, type Query, type Statement } from "../../db/statement.ts";
import { assignClaimCodes } from "../code/pool-assign.ts";
import { justClaimed } from "../coupon-events.ts";
import { validFromSql, validToSql } from "../template/validity.ts";
import { isVoidIn } from "../void.ts";
import type { PendingClaim } from "./pending-claim.ts";

/** The statements that decide claims together, by what they answer. */
export interface ClaimStatements {
  /** Makes the coupons, and answers of each what the claim does not say; in no order. */
  readonly make: Statement;
  /** Right behind it: what there is to say of the claims that made none; nothing where all did. */
  readonly facts: Statement;
  readonly others: readonly Query[];
  /** The codes of coupons whose templates have pools, by token. */
  readonly codes: Statement | undefined;
  /** What is left of the templates of what was given past their gates. */
  readonly left: Statement | undefined;
}

/**
 * The statements that decide claims together, in one batch. The number of a coupon is that of the rows the member holds
 * plus its place among the claims at hand, at most the template's limit; the triggers ignore what stock, budget or
 * window do not allow, so that too many claims harm nothing. No two of the claims may have the same token or typed
 * code; those whose token or code is on a coupon already make none, and take no number. Coupons of templates with pools
 * get their codes in the same batch.
 */
export function claimStatements(claims: readonly PendingClaim[]): ClaimStatements {
  const isGift = claims.some(({ gift }) => gift);
  const list = JSON.stringify(claims.map(isGift ? giftRow : row));
  const past = claims.filter(isPastGate).map(({ template }) => template);
  const wanting = claims.filter(({ isPooled, code }) => isPooled && code === null).map(({ token }) => token);
  return {
    make: isGift ? makeGifts({ claims: list, first: claims[0]?.token ?? "" }) : make({ claims: list }),
    facts: facts({ claims: list, count: claims.length }),
    others: [justClaimed, ...assignClaimCodes(claims)],
    codes: wanting.length > 0 ? codesOf({ tokens: JSON.stringify(wanting) }) : undefined,
    left: past.length > 0 ? leftOf({ templates: JSON.stringify([...new Set(past)]) }) : undefined,
  };
}

/** What the shop gives does not ask the gate. */
function isPastGate({ source }: PendingClaim): boolean {
  return source !== "CLAIM" && source !== "CODE";
}

/** A claim as the statements read it, by place. */
function row({ template, member, token, source, code, at, dayEnd, invitedBy }: PendingClaim) {
  return [template, member, token, source, code, at, dayEnd, invitedBy ?? null];
}

function giftRow(claim: PendingClaim) {
  const { of = 1, asked = null, valid } = claim.gift ?? {};
  return [...row(claim), of, asked, valid?.from ?? null, valid?.to ?? null];
}

const place = (n: number) => sql.raw(`(value ->> ${n})`);
const at = sql`c.at`;

const make = prepared<{ claims: string }>(({ claims }) => insert(claims, noGift, sql``));
const makeGifts = prepared<{ claims: string; first: string }>(({ claims, first }) =>
  insert(claims, giftPlaces, allOrNone(first)),
);

const giftPlaces = sql`, ${place(8)} AS together, ${place(9)} AS asked,
  ${place(10)} AS own_from, ${place(11)} AS own_to`;
/** What a crowd claims is as its templates have it: nothing needs to be read. */
const noGift = sql`, 1 AS together, NULL AS asked, NULL AS own_from, NULL AS own_to`;

function insert(claims: Placeholder, gift: typeof noGift, condition: typeof noGift) {
  return sql`
    INSERT INTO coupon (
      member, template, number, source, token, code, held_budget, at, valid_from, valid_to, asked, invited_by)
    SELECT member, template, number, source, token, code, held_budget, at, valid_from, valid_to, asked, invited_by
    FROM (
      SELECT c.*, t.per_member,
        (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = t.id)
          + row_number() OVER (PARTITION BY c.template, c.member ORDER BY c.position) AS number,
        CASE WHEN t.budget IS NULL THEN 0 ELSE t.max_discount END AS held_budget,
        coalesce(c.own_from, ${validFromSql(at)}) AS valid_from,
        CASE WHEN c.own_from IS NULL THEN ${validToSql(at, sql`c.day_end`)} ELSE c.own_to END AS valid_to
      FROM (
        SELECT key AS position, ${place(0)} AS template, ${place(1)} AS member, ${place(2)} AS token,
          ${place(3)} AS source, ${place(4)} AS code, ${place(5)} AS at, ${place(6)} AS day_end,
          ${place(7)} AS invited_by${gift}
        FROM json_each(${claims})) c
      CROSS JOIN coupon_template t ON t.id = c.template
      CROSS JOIN member m ON m.seq = c.member AND m.deleted_at IS NULL
      WHERE NOT EXISTS (SELECT 1 FROM coupon x WHERE x.token = c.token)
        AND NOT EXISTS (SELECT 1 FROM coupon x WHERE x.code = c.code)
        AND NOT ${isVoidIn(sql`c.token`)}${condition})
    WHERE number <= per_member ORDER BY position
    ON CONFLICT DO NOTHING
    RETURNING id, token, number, held_budget AS heldBudget, valid_from AS validFrom, valid_to AS validTo`;
}

/**
 * Of several that are asked for under one key, alone in their batch, all are given or none: there is room for them, and
 * the key gave nothing yet. Nothing of it changes while the statement goes on, for it is asked before the first row.
 */
function allOrNone(first: Placeholder) {
  return sql` AND (c.together = 1 OR (
    NOT EXISTS (SELECT 1 FROM coupon x WHERE x.token = ${first})
    AND NOT ${isVoidIn(sql`${first}`)}
    AND (t.stock IS NULL OR t.issued + c.together <= t.stock)
    AND (t.budget IS NULL OR t.reserved + t.spent + c.together * t.max_discount <= t.budget)
    AND (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = t.id) + c.together <= t.per_member))`;
}

/** New rows have the highest ids, and there are as many as the statement before has changed. */
const facts = prepared<{ claims: string; count: number }>(
  ({ claims, count }) => sql`
    SELECT c.position, t.state, t.stock, t.issued, t.per_member AS perMember,
      t.opens_at AS opensAt, t.closes_at AS closesAt, t.valid_to AS endsAt,
      t.budget IS NOT NULL AND t.reserved + t.spent + c.together * t.max_discount > t.budget AS isSpent,
      own.id AS couponId, own.member, own.template, own.number, own.source, own.token, own.asked, own.code,
      own.state AS couponState, own.held_budget AS heldBudget, own.at, own.valid_from AS validFrom,
      own.valid_to AS validTo, own.order_id AS orderId, own.locked_until AS lockedUntil, own.used_at AS usedAt,
      own.discount,
      (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = c.template) AS held
    FROM (
      SELECT key AS position, ${place(0)} AS template, ${place(1)} AS member, ${place(2)} AS token,
        coalesce(${place(8)}, 1) AS together
      FROM json_each(${claims})) c
    LEFT JOIN coupon_template t ON t.id = c.template LEFT JOIN coupon own ON own.token = c.token
    WHERE changes() < ${count} AND (own.id IS NULL OR own.id <= (SELECT max(id) FROM coupon) - changes())`,
);

const codesOf = prepared<{ tokens: string }>(
  ({ tokens }) => sql`
    SELECT own.token, own.code FROM json_each(${tokens}) c CROSS JOIN coupon own ON own.token = c.value`,
);

const leftOf = prepared<{ templates: string }>(
  ({ templates }) => sql`
    SELECT t.id AS template, t.stock - t.issued AS remaining
    FROM json_each(${templates}) c CROSS JOIN coupon_template t ON t.id = c.value WHERE t.stock IS NOT NULL`,
);
