import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { findPool } from "./pool.ts";

/** Codes that are read at once. */
const pageSize = 5_000;

/** A pool's codes as CSV, text by text: `code,state` with FREE and GIVEN. */
export interface CodeExport {
  readonly codes: number;
  readonly csv: AsyncIterable<string>;
}

/** Takes a pool's codes out. Who did is written down before the first one is. */
export async function exportCodes(ctx: Context, pool: number) {
  const found = await findPool(ctx, pool);
  if (isRefusal(found)) return found;
  const row = await ctx.db.first<{ last: number }>(sql`
    SELECT coalesce(max(id), 0) AS last FROM pool_code WHERE pool = ${pool}`);
  const counted = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM pool_code WHERE pool = ${pool} AND id <= ${row?.last ?? 0}`);
  const [actor, codes] = [describeActor(ctx.actor), counted?.n ?? 0];
  await ctx.db.write([
    sql`INSERT INTO code_pool_export (pool, actor, codes, at) VALUES (${pool}, ${actor}, ${codes}, ${ctx.clock()})`,
    auditDeed(ctx, subjectOf("code-pool", pool), `took ${codes} codes out`),
  ]);
  ctx.log("info", "codes.exported", { actor, pool, count: codes });
  return { codes, csv: csvOf(ctx, pool, row?.last ?? 0) };
}

async function* csvOf(ctx: Context, pool: number, last: number): AsyncGenerator<string> {
  yield "code,state\n";
  for (let after = 0; after < last; ) {
    const page = await ctx.db.all<{ id: number; code: string; given: number }>(sql`
      SELECT id, code, coupon IS NOT NULL AS given FROM pool_code
      WHERE pool = ${pool} AND id > ${after} AND id <= ${last} ORDER BY id LIMIT ${pageSize}`);
    if (page.length === 0) return;
    yield page.map(({ code, given }) => `${code},${given ? "GIVEN" : "FREE"}\n`).join("");
    after = page.at(-1)?.id ?? last;
  }
}
