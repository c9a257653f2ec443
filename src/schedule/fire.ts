import { type SQL, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import type { Standing } from "../timed.ts";
import { type Due, decideInTurn, decideQueued, missedDecisions, type Verdict } from "./decide.ts";
import { planBehind } from "./plan-ahead.ts";
import { isOpen } from "./schedule.ts";
import type { MisfirePolicy, OverlapPolicy, ScheduleState } from "./table.ts";
import { timedOf } from "./timed.ts";

/** Occurrences decided on in one transaction. */
const pageSize = 200;

/**
 * Fires all that is due: every occurrence is decided on once, in the transaction that sets off what it is for. Repeats,
 * and others that do the same at once, find nothing left. After a time in which nothing ran all that was missed is
 * planned first, for the newest of it stands for the others.
 */
export async function fireDue(ctx: Context): Promise<void> {
  const system: Context = { ...ctx, actor: { kind: "system", job: "schedule" } };
  await planBehind(system);
  while ((await withTransaction(system, firePage)) === pageSize);
}

/** Fires those that waited for what went before them, where that is over. */
export async function fireQueued(ctx: Context): Promise<void> {
  const system: Context = { ...ctx, actor: { kind: "system", job: "schedule" } };
  const page = (after: number) => withTransaction(system, (tx) => fireQueuedPage(tx, after));
  for (let last = await page(0); last !== undefined; ) last = await page(last);
}

/** Of those behind an id; answers the last one of a page that is full. */
async function fireQueuedPage(tx: Context, after: number): Promise<number | undefined> {
  const queued = await openOccurrences(tx, sql`o.state = 'QUEUED' AND o.id > ${after}`, sql`o.id`);
  const standings = await standingsOf(tx, queued);
  const verdicts = queued.map((each) => decideQueued(factsOf(each, standings)));
  await settle(tx, queued, verdicts);
  return queued.length === pageSize ? queued.at(-1)?.id : undefined;
}

/** Answers how many there were. */
async function firePage(tx: Context): Promise<number> {
  const now = tx.clock();
  const due = await openOccurrences(tx, sql`o.state = 'PLANNED' AND o.due_at <= ${now}`, sql`o.due_at, o.id`);
  const standings = await standingsOf(tx, due);
  const verdicts = decideInTurn(
    due.map((each) => factsOf(each, standings)),
    now,
  );
  await settle(tx, due, verdicts);
  return due.length;
}

/** An occurrence that is due or queued, with what its schedule says. */
interface Open {
  readonly id: number;
  readonly schedule: number;
  readonly plannedAt: number;
  readonly dueAt: number;
  readonly noun: string;
  readonly thing: number;
  readonly state: ScheduleState;
  readonly misfire: MisfirePolicy;
  readonly withinMs: number | null;
  readonly overlap: OverlapPolicy;
  readonly isSuperseded: number;
  readonly hasQueued: number;
}

function openOccurrences({ db, clock }: Context, where: SQL, order: SQL): Promise<Open[]> {
  return db.all<Open>(sql`
    SELECT o.id, o.schedule, o.planned_at AS plannedAt, o.due_at AS dueAt, s.noun, s.thing, s.state, s.misfire,
      s.within_ms AS withinMs, s.overlap,
      EXISTS (SELECT 1 FROM occurrence l WHERE l.schedule = o.schedule AND l.planned_at > o.planned_at
        AND l.state = 'PLANNED' AND l.due_at <= ${clock()}) AS isSuperseded,
      EXISTS (SELECT 1 FROM occurrence q
        WHERE q.schedule = o.schedule AND ${isOpen(sql`q`)} AND q.state = 'QUEUED') AS hasQueued
    FROM occurrence o JOIN schedule s ON s.id = o.schedule
    WHERE ${where} ORDER BY ${order} LIMIT ${pageSize}`);
}

const keyOf = ({ noun, thing }: Pick<Open, "noun" | "thing">) => `${noun}/${thing}`;

function factsOf(each: Open, standings: ReadonlyMap<string, Standing>) {
  const { schedule: id, dueAt, state, misfire, withinMs, overlap } = each;
  const schedule = { id, state, misfire, withinMs, overlap };
  const [isSuperseded, isQueued] = [each.isSuperseded === 1, each.hasQueued === 1];
  return { dueAt, schedule, isSuperseded, isQueued, standing: standings.get(keyOf(each)) ?? "OVER" } satisfies Due;
}

/** What the things of some occurrences are at, each kind asked once. */
async function standingsOf(tx: Context, due: readonly Open[]): Promise<ReadonlyMap<string, Standing>> {
  const found = new Map<string, Standing>();
  for (const [noun, each] of Map.groupBy(due, ({ noun }) => noun)) {
    const things = [...new Set(each.map(({ thing }) => thing))];
    const standings = await timedOf(tx, noun)?.standings(tx, things);
    for (const [thing, standing] of standings ?? []) found.set(keyOf({ noun, thing }), standing);
  }
  return found;
}

/** Writes down what was decided, and sets off what fires. */
async function settle(tx: Context, due: readonly Open[], verdicts: readonly (Verdict | undefined)[]) {
  const decided = due.flatMap((each, i) => {
    const verdict = verdicts[i];
    return verdict ? [{ ...each, ...verdict }] : [];
  });
  if (decided.length === 0) return;
  const missed = decided.filter(({ decision }) => decision !== null && missedDecisions.includes(decision));
  const now = tx.clock();
  const told = decided.map(({ id, state, decision }) => ({ id, state, decision }));
  await tx.db.write([
    sql`
      UPDATE occurrence SET state = ${field("state")}, decision = ${field("decision")},
        decided_at = CASE ${field("state")} WHEN 'QUEUED' THEN NULL ELSE ${now} END
      FROM ${rows(told)} WHERE occurrence.id = ${field("id")}`,
    sql`
      UPDATE schedule SET missed = missed + ${field("n")}
      FROM ${rows(countOf(missed))} WHERE schedule.id = ${field("schedule")}`,
  ]);
  const fired = decided.filter(({ state }) => state === "FIRED");
  for (const [noun, each] of Map.groupBy(fired, ({ noun }) => noun)) {
    await timedOf(tx, noun)?.fire(
      tx,
      each.map(({ thing, plannedAt }) => ({ thing, plannedAt })),
    );
  }
}

function countOf(missed: readonly Pick<Open, "schedule">[]): { schedule: number; n: number }[] {
  return [...Map.groupBy(missed, ({ schedule }) => schedule)].map(([schedule, each]) => ({ schedule, n: each.length }));
}
