import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { inReach } from "../../shop.ts";

/**
 * What came of a run, in members; each counts once, by whichever channels and however often. A deed counts for the run
 * whose message or link it was.
 */
export interface Funnel {
  /** In written pages. */
  readonly matched: number;
  /** To whom a provider or an inbox took it. */
  readonly sent: number;
  /** Who opened it, saw its popup, or did any of what follows with its link. */
  readonly opened: number;
  /** Who followed a link in it. */
  readonly clicked: number;
  /** Who claimed by its link; of a run that gives coupons, to whom it gave one. */
  readonly claimed: number;
  /** Whose coupon of it is used: one that a refund gave back is not. */
  readonly redeemed: number;
}

/**
 * The funnels of these runs, in the order asked; undefined for runs that began before funnels were counted, or have not
 * begun. All of it comes from sums, so that asking costs the same at any size.
 */
export function funnelsOfRuns(ctx: Context, ids: readonly number[]): Promise<(Funnel | undefined)[]> {
  return read(ctx, sql`r.id`, ids);
}

/** The sums of the funnels of each of these campaigns' runs: a member counts once a run. */
export function funnelsOfCampaigns(ctx: Context, ids: readonly number[]): Promise<(Funnel | undefined)[]> {
  return read(ctx, sql`r.campaign`, ids);
}

async function read(ctx: Context, key: SQL, ids: readonly number[]): Promise<(Funnel | undefined)[]> {
  const found = await ctx.db.all<Funnel & { id: number }>(sql`
    SELECT ${key} AS id, sum(r.matched) AS matched, sum(coalesce(f.reached, ${sentOn(sql`<> 'COUPON'`)})) AS sent,
      sum(f.opened) AS opened, sum(f.clicked) AS clicked, sum(f.claimed + ${sentOn(sql`= 'COUPON'`)}) AS claimed,
      sum(f.redeemed) AS redeemed
    FROM run r JOIN funnel f ON f.run = r.id JOIN campaign c ON c.id = r.campaign
    WHERE ${key} IN (SELECT value FROM ${rows(ids)}) AND ${inReach(ctx, sql`c.shop`)} GROUP BY 1`);
  const byId = new Map(found.map(({ id, ...funnel }) => [id, funnel]));
  return ids.map((id) => byId.get(id));
}

function sentOn(channels: SQL): SQL {
  return sql`coalesce(
    (SELECT sum(t.n) FROM tally t WHERE t.run = r.id AND t.state = 'SENT' AND t.channel ${channels}), 0)`;
}
