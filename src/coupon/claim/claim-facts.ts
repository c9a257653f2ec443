import type { ResultSet, Row, Value } from "@libsql/client";
import { z } from "zod";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { type Coupon, CouponRow, templateStates } from "../table.ts";
import { claimStatements } from "./claim-statements.ts";
import type { PendingClaim } from "./pending-claim.ts";

/** What became of a claim: the coupon that it made, now or before; or what the database says of why it made none. */
export type ClaimFacts = Given | NothingMade;

export interface Given {
  readonly coupon: Coupon;
  /** Whether this commit made it, rather than an earlier one for the same token. */
  readonly isNew: boolean;
}

export interface NothingMade extends z.infer<typeof FactsRow> {
  readonly coupon: null;
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

const EarlierCoupon = CouponRow.omit({ id: true, state: true }).extend({
  couponId: CouponRow.shape.id,
  couponState: CouponRow.shape.state,
});

/** What the database made of claims that were decided together. */
export interface Decided {
  /** By the place of the claim; undefined where it said nothing, which it never does. */
  readonly facts: readonly (ClaimFacts | undefined)[];
  /** Units that are left of templates, by their ids, of which something was given past their gates. */
  readonly left: ReadonlyMap<number, number>;
}

/** Decides claims by one write, `also` with it; {@link claimStatements} says which may go together. */
export async function decideTogether(
  { db }: Pick<Context, "db">,
  claims: readonly PendingClaim[],
  also: readonly Query[] = [],
): Promise<Decided> {
  const { make, facts, others, codes, left } = claimStatements(claims);
  const first = [make, facts, ...others];
  const [made, unmade, ...more] = await db.write([
    ...first,
    ...(codes ? [codes] : []),
    ...(left ? [left] : []),
    ...also,
  ]);
  const last = more.slice(others.length);
  const given = codes && last.shift();
  const remaining = left && last.shift();
  return {
    facts: factsOf(claims, [made, unmade, given].map(rowsOf)),
    left: new Map(rowsOf(remaining).map((row) => [Number(row.template), Number(row.remaining)])),
  };
}

type Rows = ResultSet["rows"];

function rowsOf(result: ResultSet | undefined): Rows {
  return result?.rows ?? [];
}

function factsOf(claims: readonly PendingClaim[], [made = [], unmade = [], given = []]: readonly Rows[]) {
  const codes = new Map(given.map(({ token, code }) => [token, code]));
  const byToken = new Map(made.map((row) => [row.token, row]));
  const byPlace = new Map(unmade.map((row) => [row.position, row]));
  return claims.map((claim, position): ClaimFacts | undefined => {
    const row = byToken.get(claim.token);
    if (row) return { coupon: newCoupon(claim, row, codes.get(claim.token)), isNew: true };
    const found = byPlace.get(position);
    return found && (earlierCoupon(found) ?? { ...FactsRow.parse(found), coupon: null });
  });
}

/** The coupon that a claim has just made: what the claim does not say the database has answered. */
function newCoupon({ gift, ...claim }: PendingClaim, row: Row, code: Value | undefined): Coupon {
  const { member, template, source, token, at } = claim;
  return {
    ...{ id: Number(row.id), member, template, number: Number(row.number), source, token, at },
    asked: gift?.asked ?? null,
    code: typeof code === "string" ? code : claim.code,
    state: "AVAILABLE",
    heldBudget: Number(row.heldBudget),
    validFrom: Number(row.validFrom),
    validTo: row.validTo === null ? null : Number(row.validTo),
    ...{ orderId: null, lockedUntil: null, usedAt: null, discount: null },
  };
}

function earlierCoupon(row: Row): ClaimFacts | undefined {
  if (row.couponId === null) return undefined;
  const { couponId: id, couponState: state, ...rest } = EarlierCoupon.parse(row);
  return { coupon: { id, state, ...rest }, isNew: false };
}
