import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { createCodePool } from "../../src/coupon/code/pool.ts";
import { fillStep } from "../../src/coupon/code/pool-fill.ts";
import type { Database } from "../../src/db/client.ts";
import { accepted } from "./shop.ts";

/** A pool that is filled by its own steps, without the queue. */
export async function filledPool(ctx: Context, template: number, wanted: number): Promise<number> {
  const key = crypto.randomUUID();
  const { id } = accepted(await createCodePool(ctx, { template, wanted, idempotencyKey: key }));
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
