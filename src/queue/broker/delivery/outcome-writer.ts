import type { Attempt, Message } from "../records.ts";
import type { Placed } from "../store/accept.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { type Outcome, writeOutcome } from "./outcome.ts";

/** An outcome that could not be written (a full disk, say) is written again after this. */
const retryMs = 1_000;

export interface OutcomeWriterParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly dispatcher: Dispatcher;
  /** Hears of the messages that outcomes brought, and that there was an outcome at all. */
  readonly onPlaced: (placed: readonly Placed[]) => void;
  readonly now: () => number;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** Records what came of attempts, many in one transaction, and lets go of each message after its outcome is on disk. */
export function createOutcomeWriter({ store, committer, dispatcher, onPlaced, now, log }: OutcomeWriterParts) {
  /** Notes that an attempt begins; on disk soon, for whoever looks, for nothing depends on it. */
  function begin({ seq }: Message): void {
    const time = now();
    committer.aside(() => store.log.run(seq, time, "ACTIVE", null));
  }

  function record(message: Message, attempt: Attempt): void {
    let outcome: Outcome | undefined;
    const work = () => {
      outcome = writeOutcome(store, message, attempt, now());
    };
    // In a queue others wait for it.
    committer[message.queue === null ? "later" : "soon"](
      work,
      () => {
        if (outcome) conclude(message, attempt, outcome);
      },
      (error) => {
        log("broker.outcome_unwritten", { messageId: message.id, error: String(error) });
        setTimeout(() => record(message, attempt), retryMs).unref();
      },
    );
  }

  function conclude(message: Message, attempt: Attempt, { end, retryAt, placed }: Outcome): void {
    dispatcher.release(message);
    const { seq, lane, id, url, retried } = message;
    const next = retryAt === undefined ? [] : [{ seq, lane, due: retryAt, limitsChanged: false }];
    onPlaced([...next, ...placed]);
    if (end === "retried" || end === "dead") {
      log(`broker.${end}`, { messageId: id, url, retried, status: attempt.status });
    }
  }

  return { begin, record };
}
