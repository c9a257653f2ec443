import { sql } from "drizzle-orm";
import type { Retention } from "../context.ts";

const dayMs = 24 * 3_600_000;
/** Rows that are forgotten in one go. */
const rowLimit = 10_000;

/** Pieces of files that are forgotten in one go, a megabyte each. */
const pieceLimit = 100;

/** What distributions keep for a time only. */
export const distributionKeeps: readonly Retention[] = [
  {
    name: "distributionUploads",
    kept: "a day after their address expired",
    forget: async (ctx) => {
      const [gone] = await ctx.db.write([
        sql`
          DELETE FROM distribution_upload WHERE id IN (
            SELECT id FROM distribution_upload WHERE expires_at < ${ctx.clock() - dayMs}
            ORDER BY expires_at LIMIT ${rowLimit})`,
      ]);
      return gone?.rowsAffected ?? 0;
    },
  },
  {
    name: "distributionFiles",
    kept: "until they are read, or a day where they never are",
    forget: async (ctx) => {
      const isAwaited = sql`EXISTS (
        SELECT 1 FROM distribution d WHERE d.digest = p.digest AND d.state IN ('UPLOADED', 'VALIDATING'))`;
      const [gone] = await ctx.db.write([
        sql`
          DELETE FROM distribution_piece WHERE rowid IN (
            SELECT p.rowid FROM distribution_piece p WHERE p.at < ${ctx.clock() - dayMs} AND NOT ${isAwaited}
            LIMIT ${pieceLimit})`,
      ]);
      return gone?.rowsAffected ?? 0;
    },
  },
];
