import { type Consumer, consume, giveUp } from "../queue/event/consumer.ts";
import { consumerMessage } from "../queue/event/cursor.ts";
import { defineJob, done, type Job, type JobContext } from "./job.ts";

/** A consumer of events, and the job by which the queue tells it of them. */
export interface EventConsumer {
  readonly consumer: Consumer<JobContext>;
  readonly job: Job;
}

/** Makes a consumer a job, called `event-<name>`. What the queue gives up is parked, and replayed with its dead letter. */
export function defineConsumer(name: string, options: Omit<Consumer<JobContext>, "name">): EventConsumer {
  const consumer = { name, ...options };
  const job = defineJob(
    consumerMessage(name),
    async (ctx, range) => {
      await consume(ctx, consumer, range);
      return done;
    },
    { park: (ctx, range) => giveUp(ctx, name, range) },
  );
  return { consumer, job };
}
