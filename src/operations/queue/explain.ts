import { QstashError } from "@upstash/qstash";
import type { Context } from "../../context.ts";
import { listQueueFlows, type QueueFlow } from "./flow.ts";
import { deliveriesUnderWay, type InFlight } from "./in-flight.ts";
import { dueAt, type QueueMessage } from "./message.ts";
import { setbackOf } from "./republishable.ts";
import { sweepsOf } from "./sweeps.ts";
import { type Why, whyOf } from "./why.ts";

/**
 * Tells of each message why it is where it is. Asks the queue only for what their states leave open, and once for what
 * they share.
 */
export function explainer(ctx: Context): (message: QueueMessage) => Promise<Why> {
  let shared: Promise<[QueueFlow[], InFlight]> | undefined;
  return async (given) => {
    const now = ctx.clock();
    const message = await withoutDoubt(ctx, given, now);
    const isHeld = isWaiting(message) && (dueAt(message) ?? 0) <= now;
    if (isHeld) shared ??= Promise.all([listQueueFlows(ctx), deliveriesUnderWay(ctx)]);
    const [flows, inFlight] = (isHeld && (await shared)) || [];
    return whyOf(message, {
      now,
      outage: ctx.queue.outage,
      flow: flows?.find(({ name }) => name === message.flow),
      inFlight,
      setback: await setbackOf(ctx, message),
      sweeps: isGone(message) ? await sweepsOf(ctx) : undefined,
      letterId: message.state === "DEAD" ? await letterOf(ctx, message) : undefined,
    });
  };
}

function isGone({ state }: QueueMessage): boolean {
  return state === "CANCELLED" || state === "UNKNOWN";
}

function isWaiting({ state }: QueueMessage): boolean {
  return state === "WAITING" || state === "RETRYING";
}

/**
 * A message of which the log tells nothing – it keeps less long than a message may wait – may still be held by the
 * queue.
 */
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
