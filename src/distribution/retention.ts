import { type SQL, sql } from "drizzle-orm";
import type { Context, Retention } from "../context.ts";
import { cancelDistribution } from "./control.ts";
import { distributionSettings } from "./settings.ts";

/** What is forgotten in one go: rows; blocks, each with the cells of up to a thousand; pieces of files, 1 MiB each. */
const [rowLimit, blockLimit, pieceLimit] = [2_000, 10, 4] as const;
/** How long a file is kept that nobody is to read, ms: whoever is uploading it has so long to say of what it is. */
const unreadMs = 24 * 3_600_000;

/** What distributions keep for a time only. They themselves are kept for ever, and with them every sum. */
export const distributionKeeps: readonly Retention[] = [
  {
    name: "distributionRows",
    kept: "30 days after their distribution ended (DISTRIBUTION_DAYS)",
    forget: forgetRows,
  },
  {
    name: "distributionUploads",
    kept: "a day after their address expired",
    forget: (ctx) =>
      changed(
        ctx,
        sql`
        DELETE FROM distribution_upload WHERE id IN (
          SELECT id FROM distribution_upload WHERE expires_at < ${ctx.clock() - unreadMs}
          ORDER BY expires_at LIMIT ${rowLimit})`,
      ),
  },
  {
    name: "distributionFiles",
    kept: "until they are read; a day where nobody is to read them",
    forget: (ctx) =>
      changed(
        ctx,
        sql`
        DELETE FROM distribution_piece WHERE (digest, number) IN (
          SELECT p.digest, p.number FROM distribution_piece p INDEXED BY distribution_piece_at
          WHERE p.at < ${ctx.clock() - unreadMs} AND NOT EXISTS (
            SELECT 1 FROM distribution d WHERE d.digest = p.digest AND d.state IN ('UPLOADED', 'VALIDATING'))
          LIMIT ${pieceLimit})`,
      ),
  },
];

/**
 * The rows of the distribution that ended first, its blocks when no row is left, and at last its header: where the file
 * has no row of headings, that is a person's, too.
 */
async function forgetRows(ctx: Context): Promise<number> {
  if (!(await halfForgotten(ctx))) await beginToForget(ctx);
  const half = await halfForgotten(ctx);
  if (!half) return 0;
  const { id } = half;
  for (const [table, key, limit] of [
    ["distribution_left_out", "row", rowLimit],
    ["distribution_given", "block, member", rowLimit],
    ["distribution_block", "to_row", blockLimit],
  ] as const) {
    const [name, columns] = [sql.raw(table), sql.raw(`distribution, ${key}`)];
    const gone = await changed(
      ctx,
      sql`
      DELETE FROM ${name} WHERE (${columns}) IN (
        SELECT ${columns} FROM ${name} WHERE distribution = ${id} ORDER BY ${columns} LIMIT ${limit})`,
    );
    if (gone > 0) return gone;
  }
  await ctx.db.write([sql`UPDATE distribution SET header = NULL WHERE id = ${id}`]);
  return 0;
}

/** One of which the rows are being forgotten; what has no header never had any. */
function halfForgotten({ db }: Context): Promise<{ readonly id: number } | undefined> {
  return db.first<{ id: number }>(sql`
    SELECT id FROM distribution INDEXED BY distribution_forgetting
    WHERE forgotten_at IS NOT NULL AND header IS NOT NULL ORDER BY forgotten_at LIMIT 1`);
}

/** Says it before the first row goes: nobody takes those that are left for all of them. */
async function beginToForget(ctx: Context): Promise<void> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      UPDATE distribution SET forgotten_at = ${now} WHERE id = (
        SELECT id FROM distribution INDEXED BY distribution_kept
        WHERE forgotten_at IS NULL AND updated_at < ${now - distributionSettings.of(ctx).keepMs}
          AND state IN ('COMPLETED', 'FAILED', 'CANCELLED') AND (withdraw_to IS NULL OR withdraw_to >= read_to)
        ORDER BY updated_at LIMIT 1)`,
  ]);
}

/** Cancels what was checked or paused and then left alone for as long as its rows would be kept. */
export async function cancelForgotten(ctx: Context): Promise<void> {
  const left = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM distribution INDEXED BY distribution_kept
    WHERE forgotten_at IS NULL AND updated_at < ${ctx.clock() - distributionSettings.of(ctx).keepMs}
      AND state IN ('READY', 'PAUSED') LIMIT 100`);
  const system: Context = { ...ctx, actor: { kind: "system", job: "distribution-tidy" } };
  for (const { id } of left) await cancelDistribution(system, { id, reason: "nobody went on with it" });
}

async function changed(ctx: Context, statement: SQL): Promise<number> {
  return (await ctx.db.write([statement]))[0]?.rowsAffected ?? 0;
}
