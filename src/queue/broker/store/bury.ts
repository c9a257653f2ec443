import type { Attempt } from "../delivery/attempt.ts";
import { headerLists } from "../encode.ts";
import type { Message } from "../records.ts";
import type { Store } from "./store.ts";

/** A message that was given up, with the last answer it got. */
export interface DeadLetter extends Omit<Message, "lane" | "due" | "slot"> {
  readonly died: number;
  readonly status: number | null;
  readonly answerHeader: string | null;
  readonly answerBody: Uint8Array<ArrayBuffer> | null;
}

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
