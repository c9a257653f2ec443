import { sql } from "drizzle-orm";
import { z } from "zod";
import { type Context, withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../db/listing.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { isOfShop, shopNumber } from "../shop.ts";
import { auditChanges, auditDeed, changesBetween, subjectOf } from "../transition/audit.ts";
import { adminTokens, foldName, type Operator, onceCalled, personName } from "./operator.ts";

/** A person with what is known of them. */
export interface KnownOperator extends Operator {
  /** Milliseconds. */
  readonly createdAt: number;
}

/** Which operators are listed. */
interface OperatorFilter extends Listed {
  /** Only those of this shop; empty: those of none. */
  readonly shop?: string | undefined;
}

const columns = sql.raw("id, name, shop, created_at AS createdAt");

/** Operators; `after` is the last id of the page before. */
export function listOperators(
  { db }: Context,
  page: OperatorFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<KnownOperator[]> {
  const behind = isBehind(sql`operator`, page, page.after) ?? sql`1`;
  return db.all<KnownOperator>(sql`
    SELECT ${columns} FROM operator WHERE ${whichOf(page)} AND ${behind}
    ORDER BY ${inListOrder(page)} LIMIT ${page.limit}`);
}

export async function countOperators({ db }: Context, filter: OperatorFilter): Promise<number> {
  const row = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM operator WHERE ${whichOf(filter)}`);
  return row?.n ?? 0;
}

function whichOf(filter: OperatorFilter) {
  const { shop } = filter;
  return sql`${isFound(filter) ?? sql`1`} AND ${isOfShop(shop, sql`operator.shop`)}`;
}

/** The operators of these ids, each in its id's place; undefined where there is none. */
export async function operatorsById({ db }: Context, ids: readonly number[]): Promise<(KnownOperator | undefined)[]> {
  const found = await db.all<KnownOperator>(sql`
    SELECT ${columns} FROM operator WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`);
  return inOrder(ids, found);
}

const OperatorInput = z.strictObject({
  id: z.int(),
  /** 1–100 characters. */
  name: personName.optional(),
  /** The only shop that the person works for from now on; empty: all of them. */
  shop: shopNumber.optional(),
});

/**
 * Calls a person otherwise, or says that they work for another shop: that holds within 5 seconds everywhere. What was
 * written down of them stays as it was. Refusals: INVALID_INPUT, NOT_FOUND, CONFLICT – the name is or was another's, or
 * nobody who works for all shops could make tokens any more.
 */
export async function updateOperator(ctx: Context, input: z.input<typeof OperatorInput>) {
  const parsed = parseInput(OperatorInput, input);
  if (isRefusal(parsed)) return parsed;
  return withTransaction(ctx, async (tx) => {
    const [before] = await operatorsById(tx, [parsed.id]);
    if (!before) return refuse.notFound("operator", parsed.id);
    const { id, name = before.name, shop = before.shop } = parsed;
    const unfit = (await takenName(tx, id, name)) ?? (shop === "" ? undefined : await lastAdmin(tx, id));
    if (unfit) return unfit;
    await tx.db.write([
      sql`UPDATE operator SET name = ${name}, folded = ${foldName(name)}, shop = ${shop} WHERE id = ${id}`,
      ...auditChanges(tx, subjectOf("operator", id), changesBetween({ ...before }, { name, shop })),
    ]);
    return { ...before, name, shop };
  });
}

async function takenName(tx: Context, id: number, name: string) {
  const others = await tx.db.all<Operator>(sql`SELECT id, name, shop FROM operator WHERE id <> ${id}`);
  const found = others.find((each) => foldName(each.name) === foldName(name));
  if (found) return refuse.conflict(`There is another person called ${found.name}; choose another name.`);
  return onceCalled(tx, name, others);
}

/**
 * Takes the power of all tokens of a person away, within 5 seconds everywhere. Repeating it changes nothing.
 * NOT_FOUND; CONFLICT where nobody could make tokens any more.
 */
export function revokeOperator(ctx: Context, { id }: { readonly id: number }) {
  return withTransaction(ctx, async (tx) => {
    const [operator] = await operatorsById(tx, [id]);
    if (!operator) return refuse.notFound("operator", id);
    const unfit = await lastAdmin(tx, id);
    if (unfit) return unfit;
    const held = await tx.db.all<{ id: number }>(sql`
      SELECT id FROM access_token WHERE operator = ${id} AND revoked_at IS NULL ORDER BY id`);
    if (held.length === 0) return operator;
    await tx.db.write([
      sql`UPDATE access_token SET revoked_at = ${tx.clock()} WHERE operator = ${id} AND revoked_at IS NULL`,
      auditDeed(tx, subjectOf("operator", id), `lost all tokens: ${held.length}`),
      ...held.map((token) => auditDeed(tx, subjectOf("token", token.id), "revoked")),
    ]);
    return operator;
  });
}

/** Refuses to take the last admin away who works for all shops: nobody could make another. */
async function lastAdmin(tx: Context, id: number) {
  const row = await tx.db.first<{ own: number; others: number }>(sql`
    SELECT count(*) FILTER (WHERE o.id = ${id}) AS own, count(*) FILTER (WHERE o.id <> ${id}) AS others
    FROM ${adminTokens}`);
  if (!row || row.own === 0 || row.others > 0) return undefined;
  return refuse.conflict("this is the last admin who works for all shops: make a token for another one first");
}
