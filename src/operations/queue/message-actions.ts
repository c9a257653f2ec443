import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { dropUnpublished, enqueue, tryAtOnce } from "../../queue/outbox.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import type { QueueMessage } from "./message.ts";
import { findMessage, messagesOfRows } from "./message-search.ts";
import { type OutboxRow, rowsAbout } from "./outbox.ts";
import { readMessage } from "./republishable.ts";

/**
 * Does not wait for a message's next try: offers it to the queue at once where the queue refused it, and publishes a
 * fresh one in the place of one that waits to be tried again, with all its tries before it. Answers the message that is
 * now to do the work. NOT_FOUND for none of ours; WRONG_STATE for one that does not wait for a try.
 */
export async function retryMessage(ctx: Context, { id }: { id: string }) {
  const message = await findMessage(ctx, { id });
  if (isRefusal(message)) return message;
  const { state, job, row } = message;
  if (state === "OUTBOX" && row) {
    await ctx.db.write([tryAtOnce(row.seq), deedOn(ctx, message, "retried")]);
    return told(ctx, "message.retried", message, message);
  }
  if (state !== "RETRYING") {
    return refuse.wrongState(`Only a message that waits to be tried again can be; this one is ${state}.`, state);
  }
  const fresh = readMessage(ctx, { job, payload: message.payload, flow: row?.flow ?? message.flow });
  if (!("name" in fresh)) {
    return refuse.wrongState(`The queue alone tries messages for ${job} again; it does so by itself.`, state);
  }
  const newest = await newestSeq(ctx, fresh.subject);
  // First the new one: the work may then be done twice, but is not lost in between.
  await ctx.db.write([
    deedOn(ctx, message, "retried"),
    enqueue(ctx, [fresh], sql`coalesce((SELECT max(seq) FROM outbox WHERE subject = ${fresh.subject}), 0) = ${newest}`),
  ]);
  await ctx.queue.client.messages.cancel([id]);
  const [made] = await rowsAbout(ctx, { subject: fresh.subject, before: undefined, limit: 1 });
  const [successor] = made ? await messagesOfRows(ctx, [made]) : [];
  return told(ctx, "message.retried", message, successor ?? message);
}

async function newestSeq(ctx: Context, subject: string): Promise<number> {
  const [newest] = await rowsAbout(ctx, { subject, before: undefined, limit: 1 });
  return newest?.seq ?? 0;
}

/**
 * Takes a message out of the outbox or the queue. An attempt under way is not broken off. Its work stays undone, until
 * the sweep finds it still wanted. NOT_FOUND for none of ours; WRONG_STATE for one that has ended. Cancelling twice
 * changes nothing.
 */
export async function cancelMessage(ctx: Context, { id }: { id: string }) {
  const message = await findMessage(ctx, { id });
  if (isRefusal(message)) return message;
  const { state, row } = message;
  if (state === "CANCELLED") return message;
  if (state === "DELIVERED" || state === "DEAD") {
    return refuse.wrongState(`It is ${state}: there is nothing left to cancel.`, state);
  }
  const gone = state === "OUTBOX" && row ? await dropped(ctx, message, row) : await cancelled(ctx, message);
  if (!gone) return refuse.wrongState("It moved on meanwhile; look at it again.", state);
  return told(ctx, "message.cancelled", message, { ...message, state: "CANCELLED", since: ctx.clock() });
}

/** Whether the row was still unpublished; the relay may have it in its hands all the same. */
async function dropped(ctx: Context, message: QueueMessage, { seq }: OutboxRow): Promise<boolean> {
  const [result] = await ctx.db.write([dropUnpublished(seq), deedOn(ctx, message, "cancelled", sql`changes() > 0`)]);
  return result?.rowsAffected === 1;
}

/** Whether the queue still had it. */
async function cancelled(ctx: Context, message: QueueMessage): Promise<boolean> {
  const answer = await ctx.queue.client.messages.cancel([message.id]);
  if (answer.cancelled === 0) return false;
  await ctx.db.write([deedOn(ctx, message, "cancelled")]);
  return true;
}

function deedOn(ctx: Context, { id, job }: QueueMessage, what: string, guard?: SQL): Query {
  return auditDeed(ctx, subjectOf("message", id), `${what} a message for ${job}`, guard);
}

function told(ctx: Context, event: string, { id, job }: QueueMessage, answer: QueueMessage): QueueMessage {
  ctx.log("info", event, { job, message: id, actor: describeActor(ctx.actor) });
  return answer;
}
