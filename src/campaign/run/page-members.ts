import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { bound, writing } from "../ledger/page-rows.ts";
import { campaignPlan } from "../messages.ts";
import type { FrozenRun } from "./frozen.ts";
import { leftOf, turnOf } from "./of-zone.ts";

/** A page of a run, and where that goes by members' clocks, of which zone it is. */
export interface PageOfZone {
  readonly run: number;
  readonly page: number;
  readonly zone: string;
  readonly round: number;
  /** Their time has passed, and nobody is sent to. */
  readonly isSkipped: boolean;
}

/** Which zone a page is of; undefined where the run reaches all at one moment. */
export async function zoneOfPage(ctx: Context, { run, page }: Pick<PageOfZone, "run" | "page">) {
  const row = await ctx.db.first<{ zone: string; round: number; skipped: number }>(sql`
    SELECT p.zone, p.round, z.skipped
    FROM page p JOIN run_zone z ON z.run = p.run AND z.round = p.round AND z.zone = p.zone
    WHERE p.run = ${run} AND p.number = ${page}`);
  return row && { run, page, zone: row.zone, round: row.round, isSkipped: row.skipped === 1 };
}

/**
 * The statements that list whom the page is for which is being written: who is in its zone now. A page that could not
 * be written until the run was planned to its end takes those along who have changed zones since.
 */
export function listMembers(frozen: FrozenRun, page: PageOfZone): Query[] {
  const { run } = page;
  const stretch = [bound(page, "from_seq"), bound(page, "to_seq")] as const;
  const isLate = sql`EXISTS (SELECT 1 FROM run WHERE id = ${run} AND planned = 1)`;
  return [
    sql`INSERT INTO page_member SELECT m.seq FROM ${turnOf(frozen, page, ...stretch)}`,
    sql`INSERT OR IGNORE INTO page_member SELECT m.seq FROM ${leftOf(frozen, run, ...stretch)} AND ${isLate}`,
  ];
}

/** The statements that count them, and forget the list. */
export function countListed({ run, page, zone, round }: PageOfZone): Query[] {
  return [
    sql`
      UPDATE run_zone SET members = members + (SELECT count(*) FROM page_member), pages_written = pages_written + 1
      WHERE run = ${run} AND round = ${round} AND zone = ${zone} AND ${writing({ run, page })}`,
    sql`DELETE FROM page_member`,
  ];
}

/** Behind the last page of the last wave: the message by which planning looks for whom it has left. */
export function planOnceWritten(ctx: Context, run: number): Query {
  const subject = sql`'plan/' || id || '/' || planned_to`;
  return enqueueEach(
    ctx,
    campaignPlan,
    { payload: sql`json_object('run', id, 'from', planned_to)`, subject },
    sql`run WHERE id = ${run} AND planned = 0
      AND NOT EXISTS (SELECT 1 FROM run_zone z WHERE z.run = ${run} AND z.planned = 0)
      AND NOT EXISTS (SELECT 1 FROM page INDEXED BY page_unwritten
        WHERE run = ${run} AND state <> 'WRITTEN' AND state IN ('PLANNED', 'WRITING'))`,
  );
}
