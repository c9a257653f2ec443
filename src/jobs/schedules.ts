import type { MendingCause } from "../operations/queue/watch.ts";
import { mendEventGroup } from "../queue/event/group.ts";
import { addressOfJob, jobAt, nameAtQueue, nameFromQueue } from "../queue/installation.ts";
import type { Queue } from "../queue/qstash.ts";
import type { JobContext } from "./job.ts";

/** Something that was not as it should be at the queue, by the queue's name for it. */
export interface Found {
  readonly name: string;
  readonly was: MendingCause;
}

type Schedule = Awaited<ReturnType<Queue["client"]["schedules"]["list"]>>[number];

/** What is to recur: a schedule for each message of the clock, under a name of its own. */
interface Wanted {
  readonly scheduleId: string;
  readonly cron: string;
  readonly destination: string;
}

/**
 * Makes the schedules at the queue those that there should be, and those whom it tells of events the consumers that
 * there are; says what was not so. Of other installations it touches nothing.
 */
export async function setRight(ctx: JobContext): Promise<readonly Found[]> {
  const { queue, jobs } = ctx;
  const schedules = await mendSchedules(ctx);
  const groups = await mendEventGroup(
    queue,
    jobs.consumers.map(({ job }) => job.name),
  );
  return [...schedules, ...groups];
}

async function mendSchedules({ queue, domains }: JobContext): Promise<Found[]> {
  const { client, settings } = queue;
  const there = await client.schedules.list();
  const wanted = domains
    .flatMap(({ every = [] }) => every)
    .map(({ cron, message }) => ({
      scheduleId: nameAtQueue(settings, message.name),
      cron,
      destination: addressOfJob(settings, message.name),
    }));
  const found: Found[] = [];
  for (const each of wanted) {
    const was = faultOf(
      each,
      there.find(({ scheduleId }) => scheduleId === each.scheduleId),
    );
    if (was === undefined) continue;
    if (was === "PAUSED") await client.schedules.resume({ schedule: each.scheduleId });
    else await arm(queue, each);
    found.push({ name: each.scheduleId, was });
  }
  for (const { scheduleId } of there.filter((each) => isLeftOver(queue, each, wanted))) {
    await client.schedules.delete(scheduleId);
  }
  return found;
}

/** Under its name: setting it again replaces it. */
async function arm({ client }: Queue, { scheduleId, cron, destination }: Wanted): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await client.schedules.create({ scheduleId, cron, destination, body: "{}", headers, retries: 0 });
}

function faultOf({ cron, destination }: Wanted, there: Schedule | undefined): MendingCause | undefined {
  if (!there) return "MISSING";
  if (there.destination !== destination) return "FOREIGN";
  if (there.cron !== cron) return "CHANGED";
  return there.isPaused ? "PAUSED" : undefined;
}

/**
 * What earlier versions armed: without the installation in its name but for a job of ours, or of a name of ours for a
 * job that recurs no more. An un-prefixed name whose destination is another's is another's.
 */
function isLeftOver({ settings }: Queue, { scheduleId, destination }: Schedule, wanted: readonly Wanted[]): boolean {
  if (wanted.some((each) => each.scheduleId === scheduleId)) return false;
  const job = jobAt(settings, destination);
  if (job === undefined) return false;
  return scheduleId === `fanfare-${job}` || nameFromQueue(settings, scheduleId) !== undefined;
}
