import type { Domain } from "../context.ts";
import { registerConsumers } from "../queue/event/consumer.ts";
import { armEventGroup } from "../queue/event/group.ts";
import type { Queue } from "../queue/qstash.ts";
import type { Timer } from "../world.ts";
import type { JobContext } from "./job.ts";

/** How long starting waits for the queue, and how long until it is asked again, in milliseconds. */
const patienceMs = 2_000;
const againMs = 15_000;

/** What is armed in the queue, or will be as soon as it answers. */
export interface Armed {
  stop(): void;
}

/**
 * Arms the recurring jobs in the queue, and makes those whom it tells of events the consumers that there are. A queue
 * that is away does not keep Fanfare from starting: it is asked until it answers.
 */
export async function keepArmed(ctx: JobContext): Promise<Armed> {
  const { jobs, log, timers } = ctx;
  await registerConsumers(
    ctx,
    jobs.consumers.map(({ consumer }) => consumer),
  );
  let timer: Timer | undefined;
  let stopped = false;
  const arm = () =>
    arming(ctx).catch((error) => {
      log("warn", "schedules.unarmed", { error });
      if (!stopped) timer = timers.after(againMs, arm);
    });
  await Promise.race([arm(), timers.sleep(patienceMs)]);
  return {
    stop: () => {
      stopped = true;
      timer?.stop();
    },
  };
}

async function arming({ queue, domains, jobs }: JobContext): Promise<void> {
  await armSchedules(queue, domains);
  await armEventGroup(
    queue,
    jobs.consumers.map(({ job }) => job.name),
  );
}

/** Each under a stable id: setting it again changes nothing. */
async function armSchedules({ client, settings }: Queue, domains: readonly Domain[]): Promise<void> {
  for (const { cron, message } of domains.flatMap(({ every = [] }) => every)) {
    await client.schedules.create({
      scheduleId: `fanfare-${message.name}`,
      cron,
      destination: `${settings.jobsUrl}/${message.name}`,
      body: "{}",
      headers: { "Content-Type": "application/json" },
      retries: 0,
    });
  }
}
