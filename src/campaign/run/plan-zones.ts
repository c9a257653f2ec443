import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { enqueue, enqueueEach, noneAhead } from "../../queue/outbox.ts";
import { campaignPage, campaignPlan } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { completeRun } from "./completion.ts";
import { type Cut, cutStretch, inTurns, stretch, withRest } from "./cut.ts";
import type { FrozenRun } from "./frozen.ts";
import { membersIn, turnOf, zonesLeft } from "./of-zone.ts";
import { armingHorizonMs } from "./start.ts";
import { judged, newZone, type RunZone, zoneLeft, zonesOfMembers, zonesOfRun } from "./zones.ts";

/** Pages, and queries that look for them, of one step at most. */
const [pagesAtOnce, looksAtOnce] = [100, 500];
/** How long planning waits for the last pages before it looks again, in milliseconds; the last one wakes it. */
const recheckMs = 5_000;

/** Where planning stands: at a step of this number. */
interface Step {
  readonly run: number;
  readonly from: number;
  /** Pages so far. */
  readonly pages: number;
  /** Everyone is looked at, whatever clocks show: so that the run adds up. */
  readonly isCancelled: boolean;
}

/**
 * One step of planning a run by members' clocks. It takes in zones that nobody had before, cuts those whose turn has
 * come into pages, each of members of one zone, and leaves a message for the next moment at which one is due.
 * Behind the last wave those are looked for who changed into a zone that had been served: they are reached, or skipped,
 * as the campaign says of members whose time has passed. When nobody is left, the run is planned.
 */
export async function planZones(ctx: Context, step: Step, frozen: FrozenRun): Promise<void> {
  const { byClocks } = frozen;
  if (!byClocks) throw new Error(`run ${step.run} is not by members' clocks`);
  const now = ctx.clock();
  const known = await zonesOfRun(ctx, step.run);
  const names = new Set(known.map(({ zone }) => zone));
  const fresh = (await zonesOfMembers(ctx)).filter((zone) => !names.has(zone));
  const zones = [...known, ...fresh.map((zone) => newZone(ctx, byClocks, zone))].map((zone) =>
    step.isCancelled ? zone : judged(ctx, byClocks, zone),
  );
  const open = zones.filter(({ planned }) => planned === 0);
  if (open.length === 0) return endOrGoOn(ctx, step, frozen, zones);
  const due = open.filter(({ at }) => step.isCancelled || at <= now);
  if (due.length === 0 && Bun.deepEquals(zones, known)) return wait(ctx, step, nextOf(open));
  const cuts = await cutZones(ctx, step.run, frozen, due);
  const cutBy = new Map(cuts.map((cut) => [keyOf(cut.zone), cut]));
  const after = zones.map((zone) => cutBy.get(keyOf(zone))?.zone ?? zone);
  await store(ctx, step, { zones: after, cuts });
}

const keyOf = ({ round, zone }: RunZone) => `${round} ${zone}`;

function nextOf(zones: readonly RunZone[]): number {
  return Math.min(...zones.filter(({ planned }) => planned === 0).map(({ at }) => at));
}

/** A zone as it stands behind a step, and the pages that this has cut for it. */
interface ZoneCut {
  readonly zone: RunZone;
  readonly pages: Cut["pages"];
}

async function cutZones(
  ctx: Context,
  run: number,
  frozen: FrozenRun,
  due: readonly RunZone[],
): Promise<readonly ZoneCut[]> {
  const cuts: ZoneCut[] = [];
  const left = { pages: pagesAtOnce, looks: looksAtOnce };
  const turn = inTurns(ctx);
  for (const zone of due.toSorted((a, b) => a.at - b.at)) {
    if (left.pages <= 0 || left.looks <= 0) break;
    const key = { ...zone, run };
    let cut: Cut = { ...zone, pages: [] };
    while (cut.plannedTo < frozen.maxSeq && left.looks-- > 0 && cut.pages.length < left.pages) {
      const end = (zone.round === 0 && (await endOfStretch(ctx, zone, cut.plannedTo))) || frozen.maxSeq;
      const found = (after: SQL | number, upTo: number) => turnOf(frozen, key, after, upTo);
      cut = await cutStretch(ctx, found, cut, Math.min(end, frozen.maxSeq));
      await turn();
    }
    const isPlanned = cut.plannedTo >= frozen.maxSeq;
    const pages = isPlanned ? withRest(cut, frozen.maxSeq) : cut.pages;
    left.pages -= pages.length;
    cuts.push({ zone: zoneAfter(ctx, zone, { ...cut, pages, isPlanned }), pages });
  }
  return cuts;
}

function zoneAfter(ctx: Context, before: RunZone, cut: Cut & { readonly isPlanned: boolean }): RunZone {
  const { plannedTo, openFrom, openMatches, isPlanned } = cut;
  const pages = before.pages + cut.pages.length;
  const full = isPlanned && openMatches > 0 ? pages - 1 : pages;
  const found = full * campaignSettings.of(ctx).pageSize + openMatches;
  return { ...before, plannedTo, openFrom, openMatches, found, pages, planned: isPlanned ? 1 : 0 };
}

/** The member up to whom a query looks at no more of a zone than it may; undefined where there are not so many. */
async function endOfStretch({ db }: Context, { zone }: RunZone, after: number): Promise<number | undefined> {
  const row = await db.first<{ seq: number }>(sql`
    SELECT m.seq FROM ${membersIn(zone, after, Number.MAX_SAFE_INTEGER)} ORDER BY m.seq LIMIT 1 OFFSET ${stretch - 1}`);
  return row?.seq;
}

/** Planning stands where this step's message says, and the run goes on. */
const here = ({ run, from }: Step) => sql`
  EXISTS (SELECT 1 FROM run WHERE id = ${run} AND planned = 0 AND planned_to = ${from}
    AND state IN ('RUNNING', 'CANCELLING'))`;

/** Writes down what a step has found; its next one comes when there is something to plan. */
async function store(
  ctx: Context,
  step: Step,
  { zones, cuts }: { readonly zones: readonly RunZone[]; readonly cuts: readonly ZoneCut[] },
): Promise<void> {
  const { run, from } = step;
  const pages = cuts
    .flatMap(({ zone: { zone, round }, pages }) => pages.map((page) => ({ ...page, zone, round })))
    .map((page, i) => ({ ...page, number: step.pages + i }));
  const open = zones.filter(({ planned }) => planned === 0);
  const now = ctx.clock();
  // The last page of all wakes planning; this is for where there is none.
  const next = open.length > 0 ? nextOf(open) : pages.length > 0 ? now + recheckMs : now;
  await ctx.db.write([
    writeZones(step, zones),
    sql`
      INSERT INTO page (run, number, from_seq, to_seq, state, zone, round)
      SELECT ${run}, ${field("number")}, ${field("from")}, ${field("to")}, 'PLANNED', ${field("zone")},
        ${field("round")}
      FROM ${rows(pages)} WHERE ${here(step)}`,
    enqueueEach(
      ctx,
      campaignPage,
      {
        key: field("number"),
        payload: sql`json_object('run', ${run}, 'page', ${field("number")})`,
        subject: sql`${`page/${run}/`} || ${field("number")}`,
        flow: "pages",
      },
      sql`${rows(pages)} WHERE ${here(step)}`,
    ),
    enqueue(ctx, [stepAt(ctx, run, from + 1, step.isCancelled ? now : next)], here(step)),
    sql`
      UPDATE run SET planned_to = ${from + 1}, pages = pages + ${pages.length}
      WHERE id = ${run} AND ${here(step)}`,
  ]);
}

function writeZones(step: Step, zones: readonly RunZone[]): Query {
  return sql`
    INSERT INTO run_zone (run, round, zone, at, skipped, planned, planned_to, open_from, open_matches, found, pages)
    SELECT ${step.run}, ${field("round")}, ${field("zone")}, ${field("at")}, ${field("skipped")}, ${field("planned")},
      ${field("plannedTo")}, ${field("openFrom")}, ${field("openMatches")}, ${field("found")}, ${field("pages")}
    FROM ${rows(zones)} WHERE ${here(step)}
    ON CONFLICT DO UPDATE SET at = excluded.at, skipped = excluded.skipped, planned = excluded.planned,
      planned_to = excluded.planned_to, open_from = excluded.open_from, open_matches = excluded.open_matches,
      found = excluded.found, pages = excluded.pages`;
}

/** The message of a step; a later moment than a queue keeps one for is asked about again before. */
function stepAt(ctx: Context, run: number, from: number, at: number) {
  const now = ctx.clock();
  return campaignPlan.of({ run, from }, at > now ? { notBefore: Math.min(at, now + armingHorizonMs) } : {});
}

async function wait(ctx: Context, step: Step, at: number): Promise<void> {
  const message = stepAt(ctx, step.run, step.from, at);
  const now = ctx.clock();
  await ctx.db.write([enqueue(ctx, [message], sql`${noneAhead(message.subject, now)} AND ${here(step)}`)]);
}

/** Behind the last wave, once its pages are written: those who are left have their turn, or there is nobody. */
async function endOrGoOn(ctx: Context, step: Step, frozen: FrozenRun, zones: readonly RunZone[]): Promise<void> {
  const { run } = step;
  const now = ctx.clock();
  const isOpen = sql`EXISTS (SELECT 1 FROM page INDEXED BY page_unwritten
    WHERE run = ${run} AND state <> 'WRITTEN' AND state = 'PLANNED')`;
  if (await ctx.db.first(sql`SELECT 1 WHERE ${isOpen}`)) return wait(ctx, step, now + recheckMs);
  const left = await ctx.db.all<{ zone: string }>(zonesLeft(frozen, run));
  const round = Math.max(0, ...zones.map((zone) => zone.round)) + 1;
  if (left.length > 0) {
    const { byClocks } = frozen;
    const more = byClocks ? left.map(({ zone }) => zoneLeft(ctx, byClocks, zone, round)) : [];
    return store(ctx, step, { zones: [...zones, ...more], cuts: [] });
  }
  await ctx.db.write([
    sql`UPDATE run SET planned = 1 WHERE id = ${run} AND ${here(step)} AND NOT ${isOpen}`,
    ...completeRun(run, now),
  ]);
}
