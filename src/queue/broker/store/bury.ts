import { headerLists } from "../encode.ts";
import type { Attempt, Message } from "../records.ts";
import type { Store } from "./store.ts";

/** Keeps a given-up message with its last answer, and says its DLQ id; to be called within a transaction. */
export function bury(store: Store, message: Message, attempt: Attempt, now: number): string {
  const { status, headers, body } = attempt;
  const answer = headers ? JSON.stringify(headerLists(headers)) : null;
  const { id, created, starts, url, method, header, body: sent, retried, retries } = message;
  const { label, flow, schedule, queue, topic, ip, extras } = message;
  const what = { id, created, starts, url, method, header, body: sent, retried, retries };
  const where = { label, flow, schedule, queue, topic, ip, extras };
  const last = { died: now, status: status === 0 ? null : status, answerHeader: answer, answerBody: body };
  const seq = store.nextDead();
  store.bury.run({ seq, ...what, ...where, ...last });
  return dlqId({ died: now, seq });
}

export function dlqId(letter: { readonly died: number; readonly seq: number }): string {
  return `${letter.died}-${letter.seq}`;
}
