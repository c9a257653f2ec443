import { type Consumer, consume, giveUp } from "../queue/event/consumer.ts";
import { consumerMessage } from "../queue/event/cursor.ts";
import { defineJob, type EventConsumer, type JobContext } from "./job.ts";

/**
 * Makes a consumer a job, called `event-<name>`. What the queue gives up is parked, and replayed with its dead letter.
 */
export function defineConsumer(name: string, options: Omit<Consumer<JobContext>, "name">): EventConsumer {
  const consumer = { name, ...options };
  const job = defineJob(consumerMessage(name), (ctx, range) => consume(ctx, consumer, range), {
    park: (ctx, range) => giveUp(ctx, name, range),
  });
  return { consumer, job };
}
