import { QstashError } from "@upstash/qstash";
import type { Context } from "../../context.ts";
import { listQueueFlows } from "./flow.ts";
import { dueAt, type QueueMessage } from "./message.ts";
import { type Why, whyOf } from "./why.ts";

/** Why each of these messages is where it is, in their order. Asks the queue only for what their states leave open. */
export async function explainMessages(ctx: Context, given: readonly QueueMessage[]): Promise<Why[]> {
  const now = ctx.clock();
  const messages = await Promise.all(given.map((message) => withoutDoubt(ctx, message, now)));
  const isHeld = messages.some((message) => isWaiting(message) && (dueAt(message) ?? 0) <= now);
  const [flows, inFlight] = isHeld
    ? await Promise.all([listQueueFlows(ctx), deliveriesUnderWay(ctx)])
    : [[], undefined];
  return Promise.all(
    messages.map(async (message) =>
      whyOf(message, {
        now,
        outage: ctx.queue.outage,
        flow: flows.find(({ name }) => name === message.flow),
        inFlight,
        letterId: message.state === "DEAD" ? await letterOf(ctx, message) : undefined,
      }),
    ),
  );
}

/** Deliveries under way in the whole account, and how many there may be; 0 for no limit. */
export async function deliveriesUnderWay(ctx: Context): Promise<{ readonly running: number; readonly most: number }> {
  const { parallelismCount, parallelismMax } = await ctx.queue.client.flowControl.getGlobalParallelism();
  return { running: parallelismCount, most: parallelismMax };
}

function isWaiting({ state }: QueueMessage): boolean {
  return state === "WAITING" || state === "RETRYING";
}

/** A message of which the log tells nothing – it keeps less long than a message may wait – may still be held by the queue. */
async function withoutDoubt(ctx: Context, message: QueueMessage, now: number): Promise<QueueMessage> {
  if (message.state !== "UNKNOWN") return message;
  const isHeld = (message.notBefore ?? 0) > now || (await isHeldByQueue(ctx, message.id));
  return isHeld ? { ...message, state: "WAITING" } : message;
}

async function isHeldByQueue(ctx: Context, id: string): Promise<boolean> {
  try {
    await ctx.queue.client.messages.get(id);
    return true;
  } catch (error) {
    if (error instanceof QstashError && error.status === 404) return false;
    throw error;
  }
}

async function letterOf(ctx: Context, { id }: QueueMessage): Promise<string | undefined> {
  const { messages } = await ctx.queue.client.dlq.listMessages({ count: 1, filter: { messageId: id } });
  return messages.find(({ messageId }) => messageId === id)?.dlqId;
}
