import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { createCodePool } from "../../src/coupon/pool.ts";
import { fillStep } from "../../src/coupon/pool-fill.ts";
import type { CodePool } from "../../src/coupon/pool-table.ts";
import type { Database } from "../../src/db/client.ts";
import { accepted } from "./shop.ts";

/** A pool that is filled by its own steps, without the queue. */
export async function filledPool(ctx: Context, template: number, wanted: number): Promise<number> {
  const key = crypto.randomUUID();
  const { id } = accepted<CodePool>(await createCodePool(ctx, { template, wanted, idempotencyKey: key }));
  for (let made = 0; made < wanted; made = (await poolOf(ctx.db, id)).made)
    await fillStep(ctx, { pool: id, from: made });
  return id;
}

export async function poolOf(
  db: Database,
  id: number,
): Promise<{ state: string; made: number; wanted: number | null }> {
  const row = await db.first<{ state: string; made: number; wanted: number | null }>(
    sql`SELECT state, made, wanted FROM code_pool WHERE id = ${id}`,
  );
  if (!row) throw new Error("no such pool");
  return row;
}

/** The codes of a template that nobody has, the one to be given next first. */
export async function freeCodes(db: Database, template: number): Promise<string[]> {
  const rows = await db.all<{ code: string }>(
    sql`SELECT code FROM pool_code WHERE template = ${template} AND coupon IS NULL ORDER BY id`,
  );
  return rows.map(({ code }) => code);
}

/** What does not fit between a template's stock, its codes and its coupons: nothing, in a healthy shop. */
export async function codeFaults(db: Database, template: number): Promise<string[]> {
  const facts = await db.first<Record<string, number>>(sql`
    SELECT stock, issued,
      (SELECT count(*) FROM pool_code WHERE template = t.id) AS codes,
      (SELECT count(*) FROM pool_code WHERE template = t.id AND coupon IS NULL) AS free,
      (SELECT count(*) FROM coupon WHERE template = t.id) AS coupons,
      (SELECT count(*) FROM coupon WHERE template = t.id AND code IS NULL) AS bare,
      (SELECT count(*) FROM coupon c JOIN pool_code p ON p.coupon = c.id AND p.code = c.code AND p.template = c.template
        WHERE c.template = t.id) AS matched
    FROM coupon_template t WHERE id = ${template}`);
  const { stock = -1, issued = -1, codes, free, coupons, bare, matched } = facts ?? {};
  const rules: Readonly<Record<string, boolean>> = {
    "the stock is the codes": stock === codes,
    "what is left is what is free": stock - issued === free,
    "issued counts the coupons": issued === coupons,
    "no coupon is without a code": bare === 0,
    "each coupon has a code of its own": matched === coupons,
  };
  return Object.entries(rules).flatMap(([rule, holds]) =>
    holds ? [] : [`not true: ${rule} (${JSON.stringify(facts)})`],
  );
}
