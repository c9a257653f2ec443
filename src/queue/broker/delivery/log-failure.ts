import { base64, headerLists } from "../encode.ts";
import type { Attempt, Message } from "../records.ts";
import type { LogExtras } from "../store/log-rows.ts";
import type { Store } from "../store/store.ts";

/** Of an answer that was no success, bytes; the dead letter has more of the last one. */
const keptAnswer = 4_096;

/** Logs an attempt that failed, with what the destination said; to be called within a transaction. */
export function logFailure(store: Store, message: Message, { status, headers, body }: Attempt, now: number): void {
  const extras: LogExtras = headers
    ? { status, header: headerLists(headers), body: base64(body.subarray(0, keptAnswer)), error: `status ${status}` }
    : { status: 0, error: new TextDecoder().decode(body) };
  store.log.run(message.seq, now, "ERROR", JSON.stringify(extras));
}
