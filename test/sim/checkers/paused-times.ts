import { sql } from "drizzle-orm";
import type { Timing } from "../../../src/schedule/recurrence/recurrence.ts";
import { timesAfter } from "../../../src/schedule/recurrence/recurrence.ts";
import { moves as known, type Move } from "../actors/campaigners.ts";
import type { World } from "../world/world.ts";

/** A stretch in which a schedule was paused for sure, by what operators were answered; epoch ms. */
interface Paused {
  readonly schedule: number;
  readonly from: number;
  readonly until: number;
}

interface Scheduled {
  readonly id: number;
  readonly campaign: number;
  readonly state: string;
  readonly timing: string;
}

/** A call that nobody answered may still arrive so much later (ms). */
const lateMs = 700_000;
/** What is decided waits for its turn to write so long at most; the shop's clock may be off by so much (ms). */
const [turnMs, clockMs] = [60_000, 1_300_000];

/** What was decided of a time that came while its schedule was paused: an operator's word, or that it was paused. */
const fit = ["PAUSED", "EXCLUDED", "BY_OPERATOR", "BACKFILLED", "CHANGED", "NOT_ACTIVE"];

/** Nothing fires of a schedule while it is paused, and what came due meanwhile says so ever after. */
export async function firedWhilePaused(world: World): Promise<string[]> {
  const stretches = await pausedStretches(world);
  const rows = await world.ctx?.db.all<{ fault: string }>(sql`
    WITH paused (schedule, "from", until) AS (
      SELECT value ->> 'schedule', value ->> 'from', value ->> 'until' FROM json_each(${JSON.stringify(stretches)}))
    SELECT 'schedule ' || p.schedule || ' fired for ' || o.planned_at || ' while it was paused: ' || o.decision AS fault
    FROM paused p JOIN occurrence o ON o.schedule = p.schedule AND o.decided_at BETWEEN p."from" AND p.until
    WHERE o.state = 'FIRED' AND o.decision <> 'BACKFILLED'
    UNION ALL
    SELECT 'schedule ' || p.schedule || ' was paused at ' || o.planned_at || ', which is ' || o.decision
    FROM paused p JOIN occurrence o ON o.schedule = p.schedule AND o.due_at BETWEEN p."from" AND p.until
    WHERE o.decision NOT IN (SELECT value FROM json_each(${JSON.stringify(fit)}))`);
  return rows?.map(({ fault }) => fault) ?? [];
}

/** Each time at which a schedule was paused is a row; nobody has changed since when it comes. */
export async function lostWhilePaused(world: World): Promise<string[]> {
  const stretches = await pausedStretches(world);
  const all = await scheduled(world);
  const rows = await world.ctx?.db.all<{ schedule: number; at: number }>(sql`
    SELECT schedule, planned_at AS at FROM occurrence
    WHERE schedule IN (SELECT value ->> 'schedule' FROM json_each(${JSON.stringify(stretches)}))`);
  const there = new Set(rows?.map(({ schedule, at }) => `${schedule} ${at}`));
  const beginning = world.now() - world.engine.elapsed;
  return stretches.flatMap(({ schedule, from, until }) => {
    const { campaign, timing } = all.find(({ id, state }) => id === schedule && state !== "ENDED") ?? {};
    if (timing === undefined || changes(world, campaign).some(({ asked }) => asked + beginning > from)) return [];
    return timesBetween(JSON.parse(timing), from, until)
      .filter((at) => !there.has(`${schedule} ${at}`))
      .map((at) => `schedule ${schedule} was paused at ${at}, and has no row that says so`);
  });
}

function timesBetween(timing: Timing, from: number, until: number): number[] {
  const times: number[] = [];
  for (const time of timesAfter(timing, from)) {
    if (time > until) break;
    times.push(time);
  }
  return times;
}

async function pausedStretches(world: World): Promise<Paused[]> {
  const pauses = world.known(known).filter(({ verb, answered }) => verb === "pauseSchedule" && answered !== undefined);
  if (pauses.length === 0) return [];
  const beginning = world.now() - world.engine.elapsed;
  const slackMs = world.skews.every(({ ms }) => ms === 0) ? turnMs : clockMs;
  return (await scheduled(world)).flatMap(({ id, campaign }) =>
    pauses.flatMap((pause) => {
      const { subject, answered = 0 } = pause;
      const ends = [...resumes(world, subject), ...changes(world, campaign)];
      const mayCross = ends.some(({ asked, answered: by = asked + lateMs }) => asked <= answered && by > pause.asked);
      if (subject !== `schedule/${id}` || mayCross) return [];
      const end = Math.min(world.engine.elapsed, ...ends.flatMap(({ asked }) => (asked > answered ? [asked] : [])));
      const [from, until] = [beginning + answered + slackMs, beginning + end - slackMs];
      return from < until ? [{ schedule: id, from, until }] : [];
    }),
  );
}

/** Of campaigns that nothing but their own verbs moves. */
async function scheduled({ ctx }: World): Promise<Scheduled[]> {
  const rows = await ctx?.db.all<Scheduled>(sql`
    SELECT s.id, s.thing AS campaign, s.state, s.timing FROM schedule s JOIN campaign c ON c.id = s.thing
    WHERE s.noun = 'campaign' AND c.promotion IS NULL`);
  return rows ?? [];
}

const mayBeDone = ({ answered, isLost }: Move) => answered !== undefined || isLost !== false;

const resumes = (world: World, schedule: string) =>
  world.known(known).filter((move) => move.subject === schedule && move.verb === "resumeSchedule" && mayBeDone(move));

/** Whatever may have had it come at other times, or begin anew. */
const changes = (world: World, campaign: number | undefined) =>
  world
    .known(known)
    .filter((move) => move.subject === `campaign/${campaign}` && !harmless.includes(move.verb) && mayBeDone(move));

const harmless = ["pauseCampaign", "resumeCampaign"];
