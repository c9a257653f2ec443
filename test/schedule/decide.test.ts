import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Due, decideInTurn, decideQueued, graceMs } from "../../src/schedule/decide.ts";
import { type Decision, misfirePolicies, type OccurrenceState, overlapPolicies } from "../../src/schedule/table.ts";
import { counted } from "../support/length.ts";

const minute = 60_000;

/** A time of the one schedule, and all that ever became of it. */
interface Time {
  readonly plannedAt: number;
  readonly dueAt: number;
  state: OccurrenceState;
  readonly decisions: Decision[];
  effects: number;
}

const policies = fc
  .record({ misfire: fc.constantFrom(...misfirePolicies), overlap: fc.constantFrom(...overlapPolicies) })
  .map(({ misfire, overlap }) => ({ misfire, overlap, withinMs: misfire === "RUN_IF_WITHIN" ? 6 * minute : null }));
/** Minutes from each to the next, and by how much it is late by jitter: some come due in another order. */
const times = fc.array(fc.tuple(fc.constantFrom(1, 1, 2, 5, 20, 20), fc.constantFrom(0, 0, 1, 7)), {
  minLength: 5,
  maxLength: 30,
});
const minutes = fc.constantFrom(0, 1, 1, 2, 3, 7, 8, 9, 40);
const step = fc.oneof(
  { weight: 6, arbitrary: minutes.map((n) => ({ pass: n })) },
  { weight: 2, arbitrary: fc.constant("over" as const) },
  fc.constantFrom("pause" as const, "resume" as const, "off" as const, "on" as const),
);

type Said = Due["schedule"];

/** A schedule, what it sets off, and a clock that only goes on. */
function openWorld(said: Omit<Said, "id" | "state">, gaps: readonly (readonly [number, number])[]) {
  let at = 0;
  const times = gaps.map(([gap, late]): Time => {
    at += gap * minute;
    return { plannedAt: at, dueAt: at + late * minute, state: "PLANNED", decisions: [], effects: 0 };
  });
  return { now: 0, state: "ACTIVE" as Said["state"], isOn: true, isBusy: false, said, times };
}
type World = ReturnType<typeof openWorld>;

const scheduleOf = ({ said, state }: World): Said => ({ id: 1, state, ...said });
const standingOf = ({ isOn, isBusy }: World): Due["standing"] => (isOn ? (isBusy ? "BUSY" : "READY") : "OFF");
const dueOf = ({ times, now }: World) =>
  times.filter(({ state, dueAt }) => state === "PLANNED" && dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
const queuedOf = ({ times }: World) => times.filter(({ state }) => state === "QUEUED");

/** What a look must come to, said of all that is due at once and not of one behind the other. */
function expected(world: World): Map<Time, OccurrenceState> {
  const { now, said, state, isOn, isBusy } = world;
  const due = dueOf(world);
  const lateness = ({ dueAt }: Time) => now - dueAt;
  const isMadeUp = (time: Time) =>
    said.misfire === "RUN_NOW" || (said.misfire === "RUN_IF_WITHIN" && lateness(time) <= (said.withinMs ?? 0));
  const newest = Math.max(...due.map(({ plannedAt }) => plannedAt));
  const runs =
    state === "ACTIVE" && isOn
      ? due.filter((time) => lateness(time) <= graceMs || (isMadeUp(time) && time.plannedAt === newest))
      : [];
  const isFree = !isBusy && queuedOf(world).length === 0;
  const fired = said.overlap === "RUN_BOTH" ? runs : runs.slice(0, isFree ? 1 : 0);
  const mayQueue = said.overlap === "QUEUE_ONE" && queuedOf(world).length === 0;
  const queued = mayQueue ? runs.slice(fired.length, fired.length + 1) : [];
  const becomes = (time: Time) => (fired.includes(time) ? "FIRED" : queued.includes(time) ? "QUEUED" : "SKIPPED");
  return new Map(due.map((time) => [time, becomes(time)]));
}

function settle(world: World, time: Time, verdict: ReturnType<typeof decideQueued>): void {
  if (!verdict) return;
  time.state = verdict.state;
  if (verdict.decision) time.decisions.push(verdict.decision);
  if (verdict.state !== "FIRED") return;
  time.effects++;
  world.isBusy = true;
}

/** As the sweep does: those that wait first, then what is due. */
function look(world: World): void {
  for (const time of queuedOf(world)) {
    const { isBusy, state, isOn } = world;
    settle(world, time, decideQueued({ schedule: scheduleOf(world), standing: standingOf(world) }));
    expect(time.state).toBe(state !== "ACTIVE" || !isOn ? "SKIPPED" : isBusy ? "QUEUED" : "FIRED");
  }
  const [due, will] = [dueOf(world), expected(world)];
  const isQueued = queuedOf(world).length > 0;
  const facts = due.map(({ dueAt, plannedAt }) => ({
    dueAt,
    isSuperseded: due.some((later) => later.plannedAt > plannedAt),
    isQueued,
    schedule: scheduleOf(world),
    standing: standingOf(world),
  }));
  for (const [i, verdict] of decideInTurn(facts, world.now).entries()) settle(world, due[i]!, verdict);
  expect(due.map(({ state }) => state)).toEqual(due.map((time) => will.get(time)!));
  expect(queuedOf(world).length).toBeLessThanOrEqual(world.said.overlap === "QUEUE_ONE" ? 1 : 0);
}

function take(world: World, step: { readonly pass: number } | "over" | "pause" | "resume" | "off" | "on"): void {
  if (typeof step === "object") world.now += step.pass * minute;
  else if (step === "over") world.isBusy = false;
  else if (step === "off" || step === "on") world.isOn = step === "on";
  else world.state = step === "pause" ? "PAUSED" : "ACTIVE";
  look(world);
}

const whyFired: readonly Decision[] = ["ON_TIME", "LATE", "AFTER_OVERLAP"];

test("each time has one effect or one decision against it, as its policies say, whatever comes between", () => {
  fc.assert(
    fc.property(policies, times, fc.array(step, { minLength: 5, maxLength: 40 }), (said, gaps, steps) => {
      const world = openWorld(said, gaps);
      for (const each of steps) take(world, each);
      // What is left comes due, and what was set off comes to its end.
      for (const each of ["resume", "on", { pass: 24 * 60 }, "over"] as const) take(world, each);
      for (const { state, decisions, effects } of world.times) {
        expect(decisions).toHaveLength(1);
        expect(effects).toBe(state === "FIRED" ? 1 : 0);
        expect(state).toBe(whyFired.includes(decisions[0]!) ? "FIRED" : "SKIPPED");
      }
    }),
    { numRuns: counted(400, 20_000) },
  );
});
