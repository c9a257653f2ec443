import { registerConsumers } from "../queue/event/consumer.ts";
import { armEventGroup } from "../queue/event/group.ts";
import type { Queue } from "../queue/qstash.ts";
import { couponExpireJob } from "./coupon-expire.ts";
import { couponNoticeJob } from "./coupon-notice.ts";
import { eventConsumers } from "./index.ts";
import type { JobContext } from "./job.ts";
import { sweepJob } from "./sweep.ts";

/** What recurs, each under a stable id: setting them again changes nothing. */
const schedules = [
  { id: "fanfare-sweep", cron: "* * * * *", job: sweepJob.name },
  { id: "fanfare-coupon-expire", cron: "* * * * *", job: couponExpireJob.name },
  { id: "fanfare-coupon-notice", cron: "* * * * *", job: couponNoticeJob.name },
] as const;

/** How long starting waits for the queue, and how long until it is asked again, in milliseconds. */
const patienceMs = 2_000;
const againMs = 15_000;

/** What is armed in the queue, or will be as soon as it answers. */
export interface Armed {
  stop(): void;
}

/**
 * Arms the recurring jobs in the queue, and makes those whom it tells of events the consumers that there are. A queue that is away does not
 * keep Fanfare from starting: it is asked until it answers.
 */
export async function keepArmed(ctx: JobContext): Promise<Armed> {
  const { queue, log } = ctx;
  await registerConsumers(
    ctx,
    eventConsumers.map(({ consumer }) => consumer),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const arm = () =>
    arming(queue).catch((error) => {
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

async function arming(queue: Queue): Promise<void> {
  await armSchedules(queue);
  await armEventGroup(
    queue,
    eventConsumers.map(({ job }) => job.name),
  );
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
