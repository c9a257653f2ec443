import { type App, startApp } from "./app.ts";
import { fail } from "./cli/failure.ts";
import { readEnv } from "./env.ts";

/** Starts Fanfare and stops it on SIGINT or SIGTERM: nothing new is taken, what is under way finishes. */
export async function serve(): Promise<void> {
  const app = await startApp(readEnv());
  announce(app);
  await stopOnSignal(app).done;
}

function announce(app: App): void {
  console.log(`Fanfare listens on ${app.url}`);
  for (const note of app.notes) console.log(`  ${note}`);
  if (app.adminToken) {
    console.log(`  First start: this operator token is shown once and has the role admin.\n  ${app.adminToken}`);
  }
}

/** What becomes of a process that waits for a signal. */
export interface Stopping {
  /** Whether a signal has come. */
  asked(): boolean;
  /** Resolves when everything has been stopped after a signal. */
  readonly done: Promise<void>;
}

/** Stops the app on SIGINT or SIGTERM; a second signal does not wait. */
export function stopOnSignal(app: Pick<App, "stop">): Stopping {
  let asked = false;
  const done = new Promise<void>((resolve) => {
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      app.stop().then(resolve);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  return { asked: () => asked, done };
}

if (import.meta.main) await serve().catch(fail);
