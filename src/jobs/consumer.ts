import { type Consumer, consume, giveUp } from "../queue/event/consumer.ts";
import { jobOf } from "../queue/event/cursor.ts";
import { EventRange } from "../queue/event/event.ts";
import { defineMessage } from "../queue/message.ts";
import { defineJob, type EventConsumer, type JobContext } from "./job.ts";

/** Makes a consumer a job, called `event-<name>`. What the queue gives up is parked, and replayed with its dead letter. */
export function defineConsumer(name: string, options: Omit<Consumer<JobContext>, "name">): EventConsumer {
  const consumer = { name, ...options };
  const message = defineMessage(jobOf(name), EventRange, () => jobOf(name));
  const job = defineJob(message, (ctx, range) => consume(ctx, consumer, range), {
    park: (ctx, range) => giveUp(ctx, name, range),
  });
  return { consumer, job };
}
