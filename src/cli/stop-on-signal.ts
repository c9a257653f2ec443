import type { App } from "../app.ts";

/** What becomes of a process that waits for a signal. */
export interface Stopping {
  /** Whether a signal has come. */
  asked(): boolean;
  /** Resolves when everything has been stopped after a signal. */
  readonly done: Promise<void>;
}

const longestStopMs = 9_500;

/** Stops the app on SIGINT or SIGTERM; a second signal does not wait. */
export function stopOnSignal(app: Pick<App, "stop">): Stopping {
  let asked = false;
  const done = new Promise<void>((resolve) => {
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      // Whatever is still open then, the process ends before those who sent the signal lose their patience.
      setTimeout(() => process.exit(1), longestStopMs).unref();
      app.stop().then(resolve);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  return { asked: () => asked, done };
}
