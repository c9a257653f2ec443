import type { Message } from "../records.ts";
import type { Store } from "../store/store.ts";
import { attempt, type DeliverOptions } from "./attempt.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { createOutcomeWriter } from "./outcome-writer.ts";
import type { Receivers } from "./receivers.ts";

interface DeliveryParts {
  readonly store: Store;
  readonly receivers: Receivers;
  readonly dispatcher: Pick<Dispatcher, "release">;
  readonly outcomes: ReturnType<typeof createOutcomeWriter>;
  readonly options: () => DeliverOptions;
  readonly stopping: AbortSignal;
}

/** So often an attempt may break off with the receiver that had it: a message that kills whoever takes it is poison. */
const mostBreaks = 2;

/**
 * Makes one attempt at a message and records what came of it. A receiver that is gone costs the message none of its
 * tries: another takes it, or the same when it is back.
 */
export async function deliver(parts: DeliveryParts, message: Message): Promise<void> {
  const { store, receivers, dispatcher, outcomes, stopping } = parts;
  let breaks = 0;
  for (let calls = 0; ; calls++) {
    const route = await receivers.route(message.url, stopping);
    if (!route) return;
    const wasCancelled = (route.waited || calls > 0) && !store.find.get(message.id);
    if (wasCancelled) return dispatcher.release(message);
    if (calls === 0) outcomes.begin(message);
    const result = await attempt(parts.options(), message, route.url, stopping);
    if (stopping.aborted) return;
    if (result.broke === "amid") breaks += 1;
    const mayGoOn = result.broke !== undefined && breaks <= mostBreaks;
    if (!mayGoOn || !route.receiver || !receivers.lost(message.url, route.receiver))
      return outcomes.record(message, result);
  }
}
