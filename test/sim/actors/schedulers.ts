import type { Actor, Deed } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { rowOf } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { campaignInput } from "./campaign-input.ts";
import { moved } from "./campaigners.ts";
import { membersKnown } from "./members.ts";
import { somebody, tell } from "./staff.ts";

const minuteMs = 60_000;
const zones = ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"];

/** A schedule as the list has it. */
interface Listed {
  readonly id: string;
  /** None of what else recurs: looks for days of members' own, goods of the day. */
  readonly campaignId: string | null;
  readonly state: string;
  readonly next: readonly { readonly at: string }[];
}

/** What a campaign that recurs is made of. */
interface Recurring {
  readonly audience: object;
  readonly schedule: object;
}

/** Operators who have campaigns recur, and change, hold, cancel and make up for what is planned. */
export const schedulers: Actor = {
  name: "schedulers",
  async found(world, chance) {
    await recur(world, chance, (input) => ({
      ...input,
      audience: few(world),
      schedule: { ...input.schedule, recurrence: { cron: { line: "7 */6 * * *" } } },
    }));
    for (let n = 0; n < 2; n++) await recur(world, chance);
  },
  deeds: {
    recur: deed(5, (world, chance) => recur(world, chance)),
    reschedule: onSome(4, "rescheduleCampaign", "Campaign { id }", ({ campaignId }, chance, world) => ({
      campaignId,
      ...(chance.happens(0.8) && { schedule: scheduleInput(world, chance) }),
    })),
    hold: onSome(3, "pauseSchedule", "Schedule { id state }", ({ id }) => ({ scheduleId: id, reason: "stock-taking" })),
    goOn: onSome(4, "resumeSchedule", "Schedule { id state }", ({ id }) => ({ scheduleId: id })),
    cancelOne: onSome(2, "cancelOccurrence", "Schedule { id }", ({ id, next }, chance, world) => ({
      scheduleId: id,
      plannedAt: next.length > 0 ? chance.pick(next).at : new Date(world.now()).toISOString(),
    })),
    makeUp: onSome(2, "backfillSchedule", "Backfill { times fired }", ({ id }, chance, world) => ({
      scheduleId: id,
      from: new Date(world.now() - chance.between(10, 200) * minuteMs).toISOString(),
      until: new Date(world.now() - minuteMs).toISOString(),
      dryRun: chance.happens(0.3),
    })),
    daysOff: deed(1, async (world, chance) => {
      const days = [0, 1, 2].filter(() => chance.happens(0.4));
      const dates = days.map((n) => new Date(world.now() + n * 86_400_000).toISOString().slice(0, 10));
      const said = await world.admin.does("setHolidays", { name: "Days off", dates }, "HolidayList { id dates }");
      tell(world, `the admin says which days are off: ${dates.join(" ")}`, said);
    }),
  },
};

/** So many nobody has to approve of, until others have come. */
const most = 44;

function few(world: World): object {
  const percent = Math.min(100, Math.floor((most * 100) / world.known(membersKnown).length));
  return { filter: { sample: { percent, seed: "few" } } };
}

/** For few enough that nobody has to approve, mostly. */
async function recur(world: World, chance: Chance, as: (input: Recurring) => Recurring = (input) => input) {
  const { name, caller } = somebody(world, chance);
  const { startsAt: _start, endsAt: _end, localTime: _clocks, ...said } = campaignInput(world, chance);
  const audience = chance.pick([{ everyone: true }, { filter: { level: { gte: "2" } } }, few(world)]);
  const input = as({ ...said, audience, schedule: scheduleInput(world, chance) });
  const made = await caller.does("createCampaign", input, "Campaign { id }");
  tell(world, `${name} writes a campaign that recurs`, made);
  if (made.kind !== "data") return;
  const campaignId: string = made.data.id;
  const ask = () => caller.does("launchCampaign", { campaignId }, "Campaign { id state }");
  tell(world, `${name} launches it`, await moved(world, `campaign/${rowOf(campaignId)}`, "launchCampaign", ask));
}

function deed(weight: number, act: Deed["do"]): Deed {
  return { weight, do: act };
}

type Said = (schedule: Listed, chance: Chance, world: World) => object;

/** One verb about a schedule; what is refused is refused. */
function onSome(weight: number, verb: string, wanted: string, said: Said): Deed {
  return deed(weight, async (world, chance) => {
    const { name, caller } = somebody(world, chance);
    const answer = await caller.ask("{ schedules(first: 50) { nodes { id campaignId state next(first: 5) { at } } } }");
    const all: readonly Listed[] = answer.kind === "data" ? answer.data.schedules.nodes : [];
    const fit = all.filter(({ campaignId }) => campaignId !== null || verb !== "rescheduleCampaign");
    if (fit.length === 0) return;
    // Whoever wants something to go on looks for what was held.
    const held = fit.filter(({ state }) => verb === "resumeSchedule" && state === "PAUSED");
    const schedule = chance.pick(held.length > 0 ? held : fit);
    const input = said(schedule, chance, world);
    const { id, campaignId } = schedule;
    const isOfCampaign = campaignId !== null && verb === "rescheduleCampaign";
    const subject = isOfCampaign ? `campaign/${rowOf(campaignId)}` : `schedule/${rowOf(id)}`;
    const done = await moved(world, subject, verb, () => caller.does(verb, input, wanted));
    tell(world, `${name}: ${verb} ${atob(id)}`, done);
  });
}

function scheduleInput(world: World, chance: Chance): object {
  const misfire = chance.pick(["RUN_NOW", "SKIP", "RUN_IF_WITHIN"]);
  const at = (minutes: number) => new Date(world.now() + minutes * minuteMs).toISOString();
  const from = chance.between(1, 120);
  const count = chance.between(1, 6);
  const recurrence = chance.pick([
    { cron: { line: chance.pick(["*/10 * * * *", "*/25 * * * *", "7 * * * *"]), until: at(chance.between(60, 900)) } },
    { spread: { from: at(from), until: at(from + count * chance.between(2, 30)), count } },
    { at: at(from) },
  ]);
  return {
    recurrence,
    zone: chance.pick(zones),
    misfire,
    ...(misfire === "RUN_IF_WITHIN" && { withinMinutes: chance.pick([5, 60]) }),
    overlap: chance.pick(["SKIP", "QUEUE_ONE", "RUN_BOTH"]),
    jitterSeconds: chance.pick([0, 0, 30]),
  };
}
