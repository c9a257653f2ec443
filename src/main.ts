import { type App, startApp } from "./app.ts";
import { readEnv } from "./env.ts";

/** Starts Fanfare and stops it on SIGINT or SIGTERM: nothing new is taken, what is under way finishes. */
export async function serve(): Promise<void> {
  const app = await startApp(readEnv());
  announce(app);
  await stopped(app);
}

function announce(app: App): void {
  console.log(`Fanfare listens on ${app.url}`);
  for (const note of app.notes) console.log(`  ${note}`);
  if (app.adminToken) {
    console.log(`  First start: this operator token is shown once and has the role admin.\n  ${app.adminToken}`);
  }
}

/** Resolves when the app was stopped by a signal; a second signal does not wait. */
export function stopped(app: Pick<App, "stop">): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      app.stop().then(resolve);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

if (import.meta.main) await serve();
