import type { Context, Domain } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import type { Message, OwnedMessage } from "../../queue/message.ts";

/** The kind of message that a job is for, if it is a domain's. */
function ownedBy(domains: readonly Domain[], job: string): OwnedMessage<Context> | undefined {
  for (const { messages = [] } of domains) {
    const message = messages.find(({ name }) => name === job);
    if (message) return message;
  }
  return undefined;
}

/**
 * Whether messages for this job can be published anew through the outbox. Those about events cannot: the queue alone
 * repeats them.
 */
export function isPublishable({ domains }: Context, job: string): boolean {
  return ownedBy(domains, job)?.republishable ?? false;
}

/** A message for a job made of a payload, for its flow; or what is wrong with the payload, each fault with its path. */
export function readMessage(
  { domains }: Context,
  { job, payload, flow }: { readonly job: string; readonly payload: unknown; readonly flow?: string | null },
): Message | readonly Issue[] {
  const message = ownedBy(domains, job);
  if (message?.republishable) return message.read(payload, flow ?? undefined);
  return [{ path: "job", message: `${job} has no messages of this kind` }];
}

/** What a payload is about, e.g. `page/7/12`; null where nobody can say. */
export function subjectOf(ctx: Context, job: string, payload: unknown): string | null {
  const message = readMessage(ctx, { job, payload });
  return "subject" in message ? message.subject : null;
}

/** Why the work of a message was put off by somebody else than the queue, as far as its domain knows. */
export function setbackOf(ctx: Context, { job, payload }: { job: string; payload: unknown }) {
  return ownedBy(ctx.domains, job)?.setback(ctx, payload);
}

/** Takes the parked work of a message up again. Work that no domain knows parked nothing. */
export async function unpark(ctx: Context, { job, payload }: { job: string; payload: unknown }): Promise<void> {
  await ownedBy(ctx.domains, job)?.unpark(ctx, payload);
}
