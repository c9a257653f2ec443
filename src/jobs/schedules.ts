import type { Log } from "../context.ts";
import type { Queue } from "../queue/qstash.ts";
import { sweepJob } from "./sweep.ts";

/** What recurs, each under a stable id: setting them again changes nothing. */
const schedules = [{ id: "fanfare-sweep", cron: "* * * * *", job: sweepJob.name }] as const;

/** How long starting waits for the queue, and how long until it is asked again, in milliseconds. */
const patienceMs = 2_000;
const againMs = 15_000;

/** Schedules that are armed, or will be as soon as the queue answers. */
export interface Armed {
  stop(): void;
}

/** Arms the recurring jobs in the queue. A queue that is away does not keep Fanfare from starting: it is asked until it answers. */
export async function keepArmed(queue: Queue, log: Log): Promise<Armed> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const arm = () =>
    armSchedules(queue).catch((error) => {
      log("warn", "schedules.unarmed", { error });
      if (!stopped) timer = setTimeout(arm, againMs);
    });
  await Promise.race([arm(), Bun.sleep(patienceMs)]);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function armSchedules({ client, settings }: Queue): Promise<void> {
  for (const { id, cron, job } of schedules) {
    await client.schedules.create({
      scheduleId: id,
      cron,
      destination: `${settings.jobsUrl}/${job}`,
      body: "{}",
      headers: { "Content-Type": "application/json" },
      retries: 0,
    });
  }
}
