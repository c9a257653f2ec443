import { postSigned } from "../channels/signed-post.ts";
import { beginAttempt, recordAttempt } from "../webhook/attempt.ts";
import { deliverEvents } from "../webhook/delivery.ts";
import { webhookSend } from "../webhook/messages.ts";
import { parkDelivery } from "../webhook/parking.ts";
import { checkedRoads, openRoad } from "../webhook/road.ts";
import { toldTypes } from "../webhook/told.ts";
import { defineConsumer } from "./consumer.ts";
import { defineJob, type EventConsumer, type Job, type JobContext } from "./job.ts";

export const webhookJobs: readonly Job[] = [defineJob(webhookSend, tell, { park: parkDelivery })];

/** Tells the shop's endpoints what happened. */
export const webhookConsumers: readonly EventConsumer[] = [
  defineConsumer("webhooks", {
    types: toldTypes,
    begins: "now",
    handle: (ctx, { where }) => deliverEvents(ctx, where),
  }),
];

/**
 * One attempt to tell an endpoint of an event. Its next one is a message of its own, so this one is done whatever came
 * of it.
 */
async function tell(ctx: JobContext, { delivery }: { delivery: number }): Promise<void> {
  const attempt = await beginAttempt(ctx, { delivery });
  if (!attempt) return;
  const roads = ctx.settings.httpsOnly ? checkedRoads : openRoad;
  const { reason, ...outcome } = await postSigned({ ...attempt, at: ctx.clock(), roads });
  if (reason) ctx.log("info", "webhook.unreachable", { webhook: attempt.webhook, delivery, code: reason });
  await recordAttempt(ctx, attempt, outcome);
}
