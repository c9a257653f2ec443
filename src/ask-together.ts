import DataLoader from "dataloader";
import type { Timers } from "./world.ts";

/** Answers the questions of a crowd, in their order. */
type AskAll<Question, Answer> = (questions: readonly Question[]) => Promise<readonly Answer[]>;

/**
 * Makes of one way to ask for many one to ask for each: what is asked in one turn of the event loop goes together, so
 * many at most. Nothing is remembered.
 */
export function askTogether<Question, Answer>(
  timers: Timers,
  ask: AskAll<Question, Answer>,
  atMost = 200,
): (question: Question) => Promise<Answer> {
  const loader = new DataLoader<Question, Answer>(ask, {
    cache: false,
    maxBatchSize: atMost,
    batchScheduleFn: (run) => timers.soon(run),
  });
  return (question) => loader.load(question);
}
