import type { Timer, Timers } from "../../world.ts";
import type { Statement } from "../statement.ts";
import { type Reader, ReaderGone, startReader } from "./reader-process.ts";

/** Runs a statement where nobody waits for it. When `stop` aborts, it ends the work and rejects with its reason. */
export interface Runner {
  run(statement: Statement, stop: AbortSignal): Promise<object[]>;
  close(): Promise<void>;
}

/** How long a reader that nobody asks is kept, ms. */
const idleMs = 60_000;

/**
 * Reader processes on a local file: begun when somebody asks, kept for a minute after, as many as run at a time. One
 * that is killed is replaced, and its question asked once more. What is stopped is stopped by ending its process, for
 * a statement that runs hears nothing.
 */
export function readerProcesses(url: string, timers: Timers, onGone: (why: ReaderGone) => void): Runner {
  const idle: { readonly reader: Reader; readonly leave: Timer }[] = [];
  const all = new Set<Reader>();
  let closed = false;
  const take = () => {
    if (closed) throw new Error("the readers were closed");
    const rested = idle.pop();
    rested?.leave.stop();
    const reader = rested?.reader ?? startReader(url);
    all.add(reader);
    return reader;
  };
  const end = async (reader: Reader) => {
    await reader.end();
    all.delete(reader);
  };
  const rest = (reader: Reader) => {
    const leave = timers.after(idleMs, () => {
      idle.splice(idle.indexOf(place), 1);
      void end(reader);
    });
    leave.unref();
    const place = { reader, leave };
    idle.push(place);
  };
  const once = async (statement: Statement, stop: AbortSignal) => {
    const reader = take();
    try {
      const rows = await orStopped(reader.ask(statement), stop);
      rest(reader);
      return rows;
    } catch (error) {
      if (stop.aborted || error instanceof ReaderGone) await end(reader);
      else rest(reader);
      throw error;
    }
  };
  return {
    run: (statement, stop) =>
      once(statement, stop).catch((error: unknown) => {
        if (!(error instanceof ReaderGone) || stop.aborted || closed) throw error;
        onGone(error);
        return once(statement, stop);
      }),
    close: async () => {
      closed = true;
      for (const { leave } of idle.splice(0)) leave.stop();
      await Promise.all([...all].map(end));
    },
  };
}

/** A plain call: what a remote database works on holds nobody here. What is stopped goes on there, unheard. */
export function plainCalls(call: (statement: Statement) => Promise<object[]>): Runner {
  return { run: (statement, stop) => orStopped(call(statement), stop), close: async () => {} };
}

async function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(stop.reason);
  if (stop.aborted) onAbort();
  stop.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    stop.removeEventListener("abort", onAbort);
    work.catch(() => {}); // nobody waits any more
  }
}
