import type { Queue } from "../queue/qstash.ts";
import { sweepJob } from "./sweep.ts";

/** What recurs, each under a stable id: setting them again changes nothing. */
const schedules = [{ id: "fanfare-sweep", cron: "* * * * *", job: sweepJob.name }] as const;

/** Arms the recurring jobs in the queue. */
export async function armSchedules({ client, settings }: Queue): Promise<void> {
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
