import { z } from "zod";
import type { Senders } from "../channels/channel.ts";
import type { Context } from "../context.ts";
import type { Consumer } from "../queue/event/consumer.ts";
import type { MessageType } from "../queue/message.ts";

/** What handlers get besides their payload. */
export interface JobContext extends Context {
  readonly senders: Senders;
  readonly jobs: Jobs;
}

/** Everything that the queue may call, by the name of its message, and everyone who is told of events. */
export interface Jobs {
  readonly byName: ReadonlyMap<string, Job>;
  readonly consumers: readonly EventConsumer[];
}

/** A consumer of events, and the job by which the queue tells it of them. */
export interface EventConsumer {
  readonly consumer: Consumer<JobContext>;
  readonly job: Job;
}

/** How a handler ends. A thrown error is an outage or a bug: the queue tries again. */
export type JobResult =
  | { readonly kind: "done" }
  /** Not now: again after so many seconds. The reason is what the queue shows of the attempt. */
  | { readonly kind: "retry"; readonly afterSeconds: number; readonly reason: string }
  /** Never: straight to the dead letters. */
  | { readonly kind: "reject"; readonly reason: string };

export const done: JobResult = { kind: "done" };
export const retryAfter = (seconds: number, reason = "not now"): JobResult => ({
  kind: "retry",
  afterSeconds: Math.max(1, Math.ceil(seconds)),
  reason,
});
export const reject = (reason: string): JobResult => ({ kind: "reject", reason });

/** A job as the route sees it: its payload's type is sealed inside. */
export interface Job {
  readonly name: string;
  /** Runs the handler on an unchecked payload; a payload that does not fit the message's schema is rejected. */
  run(ctx: JobContext, payload: unknown): Promise<JobResult>;
  /** Told when the queue has given the message up. */
  park(ctx: JobContext, payload: unknown): Promise<void>;
}

interface Hooks<Payload> {
  readonly park?: (ctx: JobContext, payload: Payload) => Promise<unknown>;
}

/** Does the work of a message. One that answers nothing is done. */
type Handle<Payload> = (ctx: JobContext, payload: Payload) => Promise<JobResult | undefined> | Promise<void>;

/** Joins a message with its handler, and with what marks its work when the queue gives it up. */
export function defineJob<Payload>(
  message: MessageType<Payload>,
  handle: Handle<Payload>,
  hooks: Hooks<Payload> = {},
): Job {
  return {
    name: message.name,
    run: async (ctx, payload) => {
      const parsed = message.schema.safeParse(payload);
      if (!parsed.success) return reject(`bad payload: ${z.prettifyError(parsed.error)}`);
      return (await handle(ctx, parsed.data)) ?? done;
    },
    park: async (ctx, payload) => {
      const parsed = message.schema.safeParse(payload);
      if (parsed.success) await hooks.park?.(ctx, parsed.data); // any other was rejected before it could do anything
    },
  };
}

/** The registry of these jobs and consumers. Throws where two have one name. */
export function jobsOf(jobs: readonly Job[], consumers: readonly EventConsumer[]): Jobs {
  const all = [...jobs, ...consumers.map(({ job }) => job)];
  const byName = new Map(all.map((job) => [job.name, job]));
  if (byName.size < all.length) throw new Error("two jobs have one name");
  return { byName, consumers };
}
