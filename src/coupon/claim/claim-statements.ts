import { sql } from "drizzle-orm";
import { z } from "zod";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { assignClaimCodes } from "../code/pool-assign.ts";
import { justClaimed } from "../coupon-events.ts";
import { type Coupon, CouponRow, templateStates } from "../table.ts";
import { validFromSql, validToSql } from "../template/validity.ts";
import { isVoidIn } from "../void.ts";
import type { PendingClaim } from "./pending-claim.ts";

const at = sql`c.at`;

/**
 * The statements that decide claims together, the last of which tells what became of each. The number of a coupon is
 * that of the rows the member holds plus its place among the claims at hand, at most the template's limit; the triggers
 * ignore what stock, budget or window do not allow, so that too many claims harm nothing. No two of the claims may have
 * the same token or typed code; those whose token or code is on a coupon already make none, and take no number. Coupons
 * of templates with pools get their codes in between.
 */
export function claimStatements(claims: readonly PendingClaim[]): Query[] {
  const list = claims.map(({ gift, ...claim }, position) => ({ ...claim, ...gift, ...gift?.valid, position }));
  const isGift = claims.some(({ gift }) => gift);
  const asked = sql`(
    SELECT ${field("position")} AS position, ${field("template")} AS template, ${field("member")} AS member,
      ${field("token")} AS token, ${field("source")} AS source, ${field("code")} AS code, ${field("at")} AS at,
      ${field("dayEnd")} AS day_end${isGift ? giftFields : noGift}
    FROM ${rows(list)})`;
  return [
    sql`
      INSERT INTO coupon (member, template, number, source, token, code, held_budget, at, valid_from, valid_to, asked)
      SELECT member, template, number, source, token, code, held_budget, at, valid_from, valid_to, asked FROM (
        SELECT c.*, t.per_member,
          (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = t.id)
            + row_number() OVER (PARTITION BY c.template, c.member ORDER BY c.position) AS number,
          CASE WHEN t.budget IS NULL THEN 0 ELSE t.max_discount END AS held_budget,
          coalesce(c.own_from, ${validFromSql(at)}) AS valid_from,
          CASE WHEN c.own_from IS NULL THEN ${validToSql(at, sql`c.day_end`)} ELSE c.own_to END AS valid_to
        FROM ${asked} c CROSS JOIN coupon_template t ON t.id = c.template
        CROSS JOIN member m ON m.seq = c.member AND m.deleted_at IS NULL
        WHERE NOT EXISTS (SELECT 1 FROM coupon x WHERE x.token = c.token)
          AND NOT EXISTS (SELECT 1 FROM coupon x WHERE x.code = c.code)
          AND NOT ${isVoidIn(sql`c.token`)}${isGift ? allOrNone(claims[0]?.token) : sql``})
      WHERE number <= per_member ORDER BY position
      ON CONFLICT DO NOTHING`,
    justClaimed,
    ...assignClaimCodes(claims),
    sql`
      SELECT c.position, t.state, t.stock, t.issued, t.per_member AS perMember,
        t.opens_at AS opensAt, t.closes_at AS closesAt, t.valid_to AS endsAt,
        t.budget IS NOT NULL AND t.reserved + t.spent + c.together * t.max_discount > t.budget AS isSpent,
        own.id AS couponId, own.member, own.template, own.number, own.source, own.token, own.asked, own.code,
        own.state AS couponState, own.held_budget AS heldBudget, own.at, own.valid_from AS validFrom,
        own.valid_to AS validTo, own.order_id AS orderId, own.locked_until AS lockedUntil, own.used_at AS usedAt,
        own.discount,
        (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = c.template) AS held
      FROM ${asked} c LEFT JOIN coupon_template t ON t.id = c.template LEFT JOIN coupon own ON own.token = c.token`,
  ];
}

const giftFields = sql`, coalesce(${field("of")}, 1) AS together, ${field("asked")} AS asked,
  ${field("from")} AS own_from, ${field("to")} AS own_to`;
/** What a crowd claims is as its templates have it: nothing needs to be read. */
const noGift = sql`, 1 AS together, NULL AS asked, NULL AS own_from, NULL AS own_to`;

/**
 * Of several that are asked for under one key, alone in their batch, all are given or none: there is room for them, and
 * the key gave nothing yet. Nothing of it changes while the statement goes on, for it is asked before the first row.
 */
function allOrNone(first: string | undefined) {
  return sql` AND (c.together = 1 OR (
    NOT EXISTS (SELECT 1 FROM coupon x WHERE x.token = ${first ?? ""})
    AND NOT ${isVoidIn(sql`${first ?? ""}`)}
    AND (t.stock IS NULL OR t.issued + c.together <= t.stock)
    AND (t.budget IS NULL OR t.reserved + t.spent + c.together * t.max_discount <= t.budget)
    AND (SELECT count(*) FROM coupon h WHERE h.member = c.member AND h.template = t.id) + c.together <= t.per_member))`;
}

/** What the database says of a claim once it is decided. */
export interface ClaimFacts extends z.infer<typeof FactsRow> {
  /** The coupon that this claim made, now or before. */
  readonly coupon: Coupon | null;
}

const FactsRow = z.object({
  position: z.int(),
  /** How many coupons of the template the member holds. */
  held: z.int(),
  state: z.enum(templateStates).nullable(),
  stock: z.int().nullable(),
  issued: z.int().nullable(),
  perMember: z.int().nullable(),
  opensAt: z.int().nullable(),
  closesAt: z.int().nullable(),
  /** The end of a fixed validity. */
  endsAt: z.int().nullable(),
  /** 1 when what is left of the budget is less than a coupon may cost. */
  isSpent: z.int().nullable(),
});

const MadeCoupon = CouponRow.omit({ id: true, state: true }).extend({
  couponId: CouponRow.shape.id,
  couponState: CouponRow.shape.state,
});

/** The facts by the position of their claim. */
export function readFacts(found: readonly object[]): ReadonlyMap<number, ClaimFacts> {
  return new Map(
    found.map((row) => {
      const facts = FactsRow.parse(row);
      return [facts.position, { ...facts, coupon: madeBy(row) }];
    }),
  );
}

function madeBy(row: object): Coupon | null {
  if (!("couponId" in row) || row.couponId === null) return null;
  const { couponId: id, couponState: state, ...rest } = MadeCoupon.parse(row);
  return { id, state, ...rest };
}
