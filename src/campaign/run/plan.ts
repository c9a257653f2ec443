import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { enqueue, enqueueEach } from "../../queue/outbox.ts";
import { campaignPage, campaignPlan } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { completeRun } from "./completion.ts";
import { type Cut, cutStretch, inTurns, stretch, withRest } from "./cut.ts";
import { type FrozenRun, frozenRun, matches } from "./frozen.ts";
import { planZones } from "./plan-zones.ts";

/** Members looked at in one step, in page sizes. */
const span = 100;

/**
 * One step of cutting a run's audience into pages of equally many matches: looks at the next stretch of members, stores
 * the pages it could close, and publishes a message for each and for the next step. Repeated or reordered deliveries
 * change nothing: a step acts only while planning stands where its message says. Where members' own clocks count, a
 * step is one of {@link planZones}. Answers whether it leaves a page to its own job.
 */
export async function planStep(ctx: Context, input: { run: number; from: number }): Promise<boolean> {
  const progress = await ctx.db.first<PlanProgress>(sql`
    SELECT planned_to, open_from, open_matches, pages, state FROM run
    WHERE id = ${input.run} AND planned = 0 AND planned_to = ${input.from} AND state IN ('RUNNING', 'CANCELLING')`);
  if (!progress) return true;
  const frozen = await frozenRun(ctx, input.run);
  if (frozen.byClocks) {
    await planZones(ctx, { ...input, pages: progress.pages, isCancelled: progress.state === "CANCELLING" }, frozen);
    return false;
  }
  await storePages(ctx, input, progress, await cutPages(ctx, frozen, progress));
  return true;
}

interface PlanProgress {
  readonly planned_to: number;
  readonly open_from: number;
  readonly open_matches: number;
  readonly pages: number;
  readonly state: string;
}

async function cutPages(ctx: Context, frozen: FrozenRun, at: PlanProgress): Promise<Cut & { readonly last: boolean }> {
  const { pageSize } = campaignSettings.of(ctx);
  const end = Math.min(at.planned_to + span * pageSize, frozen.maxSeq);
  const last = end >= frozen.maxSeq;
  const found = (after: SQL | number, upTo: number) => sql`
    member m NOT INDEXED WHERE m.seq > ${after} AND m.seq <= ${upTo} AND ${matches(frozen)}`;
  let cut: Cut = { pages: [], plannedTo: at.planned_to, openFrom: at.open_from, openMatches: at.open_matches };
  const turn = inTurns(ctx);
  while (cut.plannedTo < end) {
    cut = await cutStretch(ctx, found, cut, Math.min(cut.plannedTo + stretch, end));
    await turn();
  }
  return { ...cut, pages: last ? withRest(cut, frozen.maxSeq) : cut.pages, plannedTo: end, last };
}

async function storePages(
  ctx: Context,
  { run, from }: { run: number; from: number },
  at: PlanProgress,
  cut: Cut & { readonly last: boolean },
): Promise<void> {
  const now = ctx.clock();
  const here = sql`id = ${run} AND planned = 0 AND planned_to = ${from} AND state IN ('RUNNING', 'CANCELLING')`;
  const stillHere = sql`EXISTS (SELECT 1 FROM run WHERE ${here})`;
  const pages = cut.pages.map((page, i) => ({ ...page, number: at.pages + i }));
  const next = campaignPlan.of({ run, from: cut.plannedTo });
  await ctx.db.write([
    sql`
      INSERT INTO page (run, number, from_seq, to_seq, state)
      SELECT ${run}, ${field("number")}, ${field("from")}, ${field("to")}, 'PLANNED' FROM ${rows(pages)}
      WHERE ${stillHere}`,
    enqueueEach(
      ctx,
      campaignPage,
      {
        key: field("number"),
        payload: sql`json_object('run', ${run}, 'page', ${field("number")})`,
        subject: sql`${`page/${run}/`} || ${field("number")}`,
        flow: "pages",
      },
      sql`${rows(pages.slice(1))} WHERE ${stillHere}`,
    ),
    ...(cut.last ? [] : [enqueue(ctx, [next], stillHere)]),
    sql`
      UPDATE run SET planned_to = ${cut.plannedTo}, open_from = ${cut.openFrom}, open_matches = ${cut.openMatches},
        pages = pages + ${pages.length}, planned = ${cut.last ? 1 : 0}
      WHERE ${here}`,
    ...completeRun(run, now),
  ]);
}
