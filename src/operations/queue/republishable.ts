import {
  campaignCancel,
  campaignPage,
  campaignPlan,
  campaignStart,
  campaignTest,
  campaignWake,
  channelSend,
} from "../../campaign/messages.ts";
import { couponExpire, couponPool, couponTakeBack } from "../../coupon/messages.ts";
import type { Issue } from "../../errors.ts";
import type { Message, MessageType } from "../../queue/message.ts";
import { webhookSend } from "../../webhook/messages.ts";

type Reader = (payload: unknown, flow: string | undefined) => Message | readonly Issue[];

/** The messages that are published for a piece of work, by job. Those about events are ranges that overlap: the queue alone repeats them. */
const readers: ReadonlyMap<string, Reader> = new Map([
  reader(campaignStart),
  reader(campaignPlan),
  reader(campaignPage),
  reader(campaignWake),
  reader(campaignTest),
  reader(campaignCancel),
  reader(channelSend),
  reader(webhookSend),
  reader(couponPool),
  reader(couponExpire),
  reader(couponTakeBack),
]);

function reader<Payload>({ name, schema, of }: MessageType<Payload>): [string, Reader] {
  return [
    name,
    (payload, flow) => {
      const parsed = schema.safeParse(payload);
      if (parsed.success) return of(parsed.data, flow === undefined ? {} : { flow });
      return parsed.error.issues.map(({ path, message }) => ({ path: ["payload", ...path].join("."), message }));
    },
  ];
}

/** Whether messages for this job can be published anew through the outbox. */
export function isPublishable(job: string): boolean {
  return readers.has(job);
}

/** A message for a job made of a payload, for its flow; or what is wrong with the payload, each fault with its path. */
export function readMessage(job: string, payload: unknown, flow?: string | null): Message | readonly Issue[] {
  const read = readers.get(job);
  return read ? read(payload, flow ?? undefined) : [{ path: "job", message: `${job} has no messages of this kind` }];
}

/** What a payload is about, e.g. `page/7/12`; null where nobody can say. */
export function subjectOf(job: string, payload: unknown): string | null {
  const message = readMessage(job, payload);
  return "subject" in message ? message.subject : null;
}
