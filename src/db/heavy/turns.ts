import { refuse } from "../../errors.ts";
import type { Timers } from "../../world.ts";
import type { Statement } from "../statement.ts";
import type { Runner } from "./readers.ts";

/** Why a heavy read was not done: RATE_LIMITED where too many wait, TOO_COSTLY where it took too long. */
export type HeavyRefusal = ReturnType<typeof refuse.rateLimited> | ReturnType<typeof refuse.tooCostly>;

/** Whose reads these are, and the signal that nobody waits for them any more. */
export interface Asker {
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Limits {
  /** How many run at a time. */
  readonly readers: number;
  /** How many one asker may have under way at once, waiting or running. They run one after the other. */
  readonly perAsker: number;
  /** How long one may run, in seconds. */
  readonly seconds: number;
}

type Rows = object[] | HeavyRefusal;

/** How many may wait in all. */
const maxWaiting = 100;

interface Waiting {
  readonly statement: Statement;
  readonly asker: Asker;
  readonly done: PromiseWithResolvers<Rows>;
}

/** Runs a statement when its turn comes. */
export type Turns = (statement: Statement, asker: Asker) => Promise<Rows>;

/**
 * Lets so many run at a time, of one asker one, so that nobody waits for all that another asked. Who hangs up gives
 * the place to the next.
 */
export function inTurns(runner: Runner, { readers, perAsker, seconds }: Limits, timers: Timers): Turns {
  const waiting: Waiting[] = [];
  const running = new Set<Waiting>();
  const isRunning = (name: string) => [...running].some(({ asker }) => asker.name === name);
  const pump = () => {
    while (running.size < readers) {
      const at = waiting.findIndex(({ asker }) => !isRunning(asker.name));
      const [next] = at < 0 ? [] : waiting.splice(at, 1);
      if (!next) return;
      running.add(next);
      void runOne(runner, next, { seconds, timers })
        .then(next.done.resolve, next.done.reject)
        .finally(() => {
          running.delete(next);
          pump();
        });
    }
  };
  return (statement, asker) => {
    const mine = [...waiting, ...running].filter((other) => other.asker.name === asker.name).length;
    if (mine >= perAsker || waiting.length >= maxWaiting) return Promise.resolve(refuse.rateLimited(1));
    const question = { statement, asker, done: Promise.withResolvers<Rows>() };
    waiting.push(question);
    pump();
    return question.done.promise;
  };
}

async function runOne(
  runner: Runner,
  { statement, asker: { signal } }: Waiting,
  { seconds, timers }: { readonly seconds: number; readonly timers: Timers },
): Promise<Rows> {
  const tooCostly = refuse.tooCostly(seconds);
  const stop = new AbortController();
  const end = () => stop.abort(tooCostly);
  if (signal?.aborted) return tooCostly; // to nobody: the caller hung up
  signal?.addEventListener("abort", end, { once: true });
  const limit = timers.after(seconds * 1_000, end);
  try {
    return await runner.run(statement, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return tooCostly;
    throw error;
  } finally {
    limit.stop();
    signal?.removeEventListener("abort", end);
  }
}
