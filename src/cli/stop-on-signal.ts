import { type App, startApp } from "../app.ts";
import type { Env } from "../env.ts";

/** What becomes of a process that waits for a signal. */
export interface Stopping {
  /** Whether a signal has come. */
  asked(): boolean;
  /** Resolves when everything has been stopped after a signal. */
  readonly done: Promise<void>;
}

const longestStopMs = 9_500;
/** Ctrl-C under npm comes twice: from the terminal to all, and from npm to its child. So long it is one signal. */
const sameSignalMs = 500;

type Stoppable = Pick<App, "stop">;

/**
 * Stops what runs, or is being started, on SIGINT or SIGTERM; a second signal does not wait, unless it comes with
 * the first. `callOff` hurries a start.
 */
export function stopOnSignal(running: Stoppable | Promise<Stoppable>, callOff: () => void = () => {}): Stopping {
  let [asked, asksAgain] = [false, false];
  const done = new Promise<void>((resolve) => {
    const stop = () => {
      if (asksAgain) process.exit(130);
      if (asked) return;
      asked = true;
      setTimeout(() => {
        asksAgain = true;
      }, sameSignalMs).unref();
      // Whatever is still open then, the process ends before those who sent the signal lose their patience.
      setTimeout(() => process.exit(1), longestStopMs).unref();
      callOff();
      Promise.resolve(running)
        .then(
          ({ stop }) => stop(),
          () => {},
        ) // it never ran, and says so to whoever started it
        .then(resolve);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  return { asked: () => asked, done };
}

/** Starts the app, to be stopped by a signal at any time; one that comes while it starts leaves no app, and nothing. */
export async function startUntilSignal(
  env: Env,
): Promise<{ readonly app: App | undefined; readonly signal: Stopping }> {
  const off = new AbortController();
  const starting = startApp(env, { calledOff: off.signal });
  const signal = stopOnSignal(starting, () => off.abort());
  try {
    return { app: await starting, signal };
  } catch (error) {
    if (!signal.asked()) throw error;
    return { app: undefined, signal };
  }
}
