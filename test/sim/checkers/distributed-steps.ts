import { sql } from "drizzle-orm";
import { type Step, steps, uploaded } from "../actors/distributed.ts";
import { offered } from "../actors/offered.ts";
import { sheets } from "../actors/sheets.ts";
import { rowOf } from "../world/told.ts";
import type { World } from "../world/world.ts";
import type { Standing } from "./distribution-sums.ts";

/** So long after it was made a call may come a second time (ms): the machine may sleep meanwhile. */
const underWayMs = 700_000;

/** In the order of a life; there is no way back but for what the queue had given up. */
const ranks: Readonly<Record<string, number>> = {
  UPLOADED: 0,
  FAILED: 1,
  VALIDATING: 1,
  READY: 2,
  RUNNING: 3,
  PAUSED: 3,
  COMPLETED: 4,
  CANCELLED: 4,
};

/** Where each was seen last. */
const seen = (): Map<number, string> => new Map();

/** What operators were answered of distributions and is not so. */
export async function untrueAnswers(world: World, all: readonly Standing[]): Promise<string[]> {
  const own = Map.groupBy(world.known(steps), ({ id }) => rowOf(id));
  const there = new Map(all.map((each) => [each.id, each]));
  return [
    ...all.flatMap((each) => wentBack(world, each)),
    ...all.flatMap((each) => (own.get(each.id) ?? []).flatMap((step) => untrue(step, each))),
    ...all.flatMap((each) => goesOnThoughPaused(own.get(each.id) ?? [], each)),
    ...world.known(uploaded).flatMap(({ id, file }) => {
      const found = there.get(rowOf(id));
      return found?.file === file ? [] : [`${file} was taken as distribution ${rowOf(id)}: there is no such one`];
    }),
    ...twice(world, all),
    ...(await leftBehind(world, all, own)),
  ];
}

function wentBack(world: World, { id, state }: Standing): string[] {
  const before = world.known(seen).get(id) ?? state;
  world.known(seen).set(id, state);
  const isOver = ranks[before] === 4 && state !== before;
  return isOver || (ranks[state] ?? 0) < (ranks[before] ?? 0)
    ? [`distribution ${id} was ${before}, and is ${state}`]
    : [];
}

/** Of what an answer said as much as stays so for ever. */
function untrue({ verb, told }: Step, { id, state, coupons }: Standing): string[] {
  if (!told) return [];
  const what = `distribution ${id}: ${verb} was answered ${told.state} with ${told.issued} issued`;
  const isOver = ranks[told.state] === 4;
  if (isOver ? state !== told.state : (ranks[state] ?? 0) < (ranks[told.state] ?? 0))
    return [`${what}, it is ${state}`];
  return (isOver ? coupons !== told.issued : coupons < told.issued) ? [`${what}, there are ${coupons}`] : [];
}

/** What was paused, and not resumed by anybody since, has issued nothing more. */
function goesOnThoughPaused(own: readonly Step[], { id, state, coupons }: Standing): string[] {
  const pause = own.findLast(({ verb, told }) => verb === "pauseDistribution" && told);
  if (!pause?.told) return [];
  const mayGoOn = ({ verb, ended }: Step) =>
    verb === "resumeDistribution" && (ended ?? Number.POSITIVE_INFINITY) + underWayMs > pause.asked;
  if (own.some(mayGoOn)) return [];
  const stands = state === "PAUSED" || state === "CANCELLED";
  return stands && coupons === pause.told.issued
    ? []
    : [`distribution ${id} was paused with ${pause.told.issued} issued; it is ${state} with ${coupons}`];
}

/** An address takes one file; what nobody sent is not there. */
function twice(world: World, all: readonly Standing[]): string[] {
  return [...Map.groupBy(all, ({ file }) => file)].flatMap(([file, of]) => {
    const sheet = world.known(sheets).get(file);
    if (!sheet) return [`nobody sent ${file}, of which there is a distribution`];
    const most = sheet.addresses;
    return sheet.isOnce && of.length > most ? [`${file} was taken ${of.length} times by ${most} addresses`] : [];
  });
}

/** Nothing unused is left of what was taken back when nothing more was given; what orders held may be free again. */
async function leftBehind(
  world: World,
  all: readonly Standing[],
  own: ReadonlyMap<number, readonly Step[]>,
): Promise<string[]> {
  const isOver = ({ verb, told }: Step) => verb === "withdrawDistribution" && told && ranks[told.state] === 4;
  const taken = all.filter(({ id, isWithdrawing }) => !isWithdrawing && own.get(id)?.some(isOver));
  if (taken.length === 0) return [];
  const ids = JSON.stringify(taken.map(({ id }) => id));
  const left = await world.ctx?.db.all<{ id: number; coupon: number }>(sql`
    SELECT CAST(substr(c.source, 14) AS INTEGER) AS id, c.id AS coupon FROM coupon c
    WHERE c.source GLOB 'distribution/*' AND c.state = 'AVAILABLE'
      AND CAST(substr(c.source, 14) AS INTEGER) IN (SELECT value FROM json_each(${ids}))
      AND NOT EXISTS (SELECT 1 FROM coupon_order o, json_each(o.quote, '$.coupons') u
        WHERE u.value ->> 'coupon' = c.id)`);
  const closed = new Set(world.known(offered).flatMap(({ id, mayBeOver }) => (mayBeOver ? [rowOf(id)] : [])));
  const more = taken
    .filter(({ template, withdrawn, takenBack }) => !closed.has(template) && withdrawn !== takenBack)
    .map(({ id, withdrawn, takenBack }) => `distribution ${id} says that it took ${withdrawn} back, ${takenBack} are`);
  return [
    ...(left ?? []).map(({ id, coupon }) => `coupon ${coupon} of distribution ${id} was not taken back`),
    ...more,
  ];
}
