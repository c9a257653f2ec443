import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { enqueue, enqueueEach } from "../../queue/outbox.ts";
import { campaignPage, campaignPlan } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { completeRun } from "./completion.ts";
import { type FrozenRun, frozenRun, matches } from "./frozen.ts";

/** Members looked at in one step, in page sizes. */
const span = 100;
/** Members looked at by one query: bounds how long it holds the process, whatever the filter. */
const stretch = 10_000;
/** How long queries may follow each other before others get their turn, in milliseconds. */
const turnMs = 20;

/**
 * One step of cutting a run's audience into pages of equally many matches: looks at the next stretch of members, stores
 * the pages it could close, and publishes a message for each and for the next step. Repeated or reordered deliveries
 * change nothing: a step acts only while planning stands where its message says.
 */
export async function planStep(ctx: Context, input: { run: number; from: number }): Promise<void> {
  const progress = await ctx.db.first<PlanProgress>(sql`
    SELECT planned_to, open_from, open_matches, pages FROM run
    WHERE id = ${input.run} AND planned = 0 AND planned_to = ${input.from} AND state IN ('RUNNING', 'CANCELLING')`);
  if (!progress) return;
  const frozen = await frozenRun(ctx, input.run);
  const cut = await cutPages(ctx, frozen, progress);
  await storePages(ctx, input, progress, cut);
}

interface PlanProgress {
  readonly planned_to: number;
  readonly open_from: number;
  readonly open_matches: number;
  readonly pages: number;
}

interface Cut {
  readonly pages: readonly { readonly from: number; readonly to: number }[];
  readonly plannedTo: number;
  readonly openFrom: number;
  readonly openMatches: number;
}

async function cutPages(ctx: Context, frozen: FrozenRun, at: PlanProgress): Promise<Cut & { readonly last: boolean }> {
  const { pageSize } = campaignSettings.of(ctx);
  const end = Math.min(at.planned_to + span * pageSize, frozen.maxSeq);
  const last = end >= frozen.maxSeq;
  let cut: Cut = { pages: [], plannedTo: at.planned_to, openFrom: at.open_from, openMatches: at.open_matches };
  let since = ctx.timers.now();
  while (cut.plannedTo < end) {
    cut = await cutStretch(ctx, frozen, cut, Math.min(cut.plannedTo + stretch, end));
    if (ctx.timers.now() - since < turnMs) continue;
    await new Promise<void>((resolve) => ctx.timers.soon(resolve)); // whoever waits is answered in between
    since = ctx.timers.now();
  }
  const rest = last && cut.openMatches > 0 ? [{ from: cut.openFrom, to: frozen.maxSeq }] : [];
  return { ...cut, pages: [...cut.pages, ...rest], plannedTo: end, last };
}

async function cutStretch(ctx: Context, frozen: FrozenRun, at: Cut, end: number): Promise<Cut> {
  const { pageSize } = campaignSettings.of(ctx);
  const ends = await ctx.db.all<{ seq: number }>(pageEnds(frozen, at, end, pageSize));
  const pages = ends.map(({ seq }, i) => ({ from: ends[i - 1]?.seq ?? at.openFrom, to: seq }));
  const openFrom = pages.at(-1)?.to ?? at.openFrom;
  const carried = pages.length > 0 ? 0 : at.openMatches;
  const tail = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM member m NOT INDEXED
    WHERE m.seq > ${Math.max(openFrom, at.plannedTo)} AND m.seq <= ${end} AND ${matches(frozen)}`);
  return { pages: [...at.pages, ...pages], plannedTo: end, openFrom, openMatches: carried + (tail?.n ?? 0) };
}

/** The seq of every page's last match up to `end`. Each round walks one page further along the primary key. */
function pageEnds(frozen: FrozenRun, at: Cut, end: number, pageSize: number): SQL {
  const nth = (after: SQL, offset: number) => sql`
    (SELECT m.seq FROM member m NOT INDEXED WHERE m.seq > ${after} AND m.seq <= ${end} AND ${matches(frozen)}
     ORDER BY m.seq LIMIT 1 OFFSET ${offset})`;
  return sql`
    WITH RECURSIVE cut (seq) AS (
      SELECT ${nth(sql`${at.plannedTo}`, pageSize - 1 - at.openMatches)}
      UNION ALL SELECT ${nth(sql.raw("cut.seq"), pageSize - 1)} FROM cut WHERE cut.seq IS NOT NULL)
    SELECT seq FROM cut WHERE seq IS NOT NULL`;
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
