import { type ClockChange, foldAround, gapBefore, wallOf } from "../../cron/clock-change.ts";
import { planOf, type Timing } from "./recurrence.ts";

/** What a change of the zone's clock does to a planned time (ms), in words; null where it does nothing. */
export function clockNote(timing: Pick<Timing, "recurrence" | "zone">, planned: number): string | null {
  return gapNote(timing, planned) ?? foldNote(timing, planned) ?? null;
}

function gapNote(timing: Pick<Timing, "recurrence" | "zone">, planned: number): string | undefined {
  const { zone } = timing;
  const gap = gapBefore(zone, planned);
  if (!gap) return undefined;
  const plan = planOf(timing);
  const skipped = before(gap.to, plan.walls(gap.from - 1));
  const [first] = skipped;
  if (first === undefined || first + (gap.at - gap.from) !== planned) return undefined;
  const wall = wallOf(zone, planned);
  const isOneDay = dayOf(first) === dayOf(wall);
  const where = `on ${isOneDay ? "this day" : dayOf(first)} in ${zone}`;
  if (skipped.length > 1) return `${movement(gap)} ${where}: ${standing(skipped.length, gap)}`;
  const comes = plan.walls(wall - 1).next().value === wall ? "falls together with" : "comes at";
  const then = isOneDay ? clock(wall) : `${dayOf(wall)} ${clock(wall)}`;
  return `${clock(first)} does not exist ${where}: ${movement(gap)}, it ${comes} ${then}`;
}

function standing(count: number, gap: ClockChange): string {
  return `${count.toLocaleString("en")} times fall into the skipped ${lengthOf(gap)}; this one stands for them`;
}

function before(end: number, walls: Iterable<number>): number[] {
  const found: number[] = [];
  for (const wall of walls) {
    if (wall >= end) break;
    found.push(wall);
  }
  return found;
}

function foldNote({ zone }: Pick<Timing, "zone">, planned: number): string | undefined {
  const fold = foldAround(zone, planned);
  if (!fold) return undefined;
  const twice = `${clock(wallOf(zone, planned))} comes twice on this day in ${zone}`;
  return `${twice}: ${movement(fold.change)}; this is the ${fold.isFirst ? "first" : "second"}`;
}

function movement({ from, to }: ClockChange): string {
  const isOneDay = dayOf(from) === dayOf(to);
  const shown = (wall: number) => (isOneDay ? clock(wall) : `${dayOf(wall)} ${clock(wall)}`);
  return `the clock goes from ${shown(from)} ${to < from ? "back " : ""}to ${shown(to)}`;
}

const lengths: Readonly<Record<number, string>> = { 30: "half hour", 60: "hour", 1440: "day" };

function lengthOf({ from, to }: ClockChange): string {
  return lengths[(to - from) / 60_000] ?? "stretch";
}

function clock(wall: number): string {
  return new Date(wall).toISOString().slice(11, 16);
}

function dayOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}
