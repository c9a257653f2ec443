import type { App } from "../app.ts";
import { domains } from "../domains.ts";
import { environment, readEnv } from "../env.ts";
import { variablesOf } from "../settings.ts";
import { realWorld } from "../world.ts";
import { startUntilSignal } from "./stop-on-signal.ts";

/** Starts Fanfare and stops it on SIGINT or SIGTERM: nothing new is taken, what is under way finishes. */
export async function serve(): Promise<void> {
  const { app, signal } = await startUntilSignal(readEnv(environment(), variablesOf(domains)));
  if (app) announce(app);
  await signal.done;
  // A database that does not answer, or whoever reads our lines and stands still, keeps nobody from stopping.
  realWorld.timers.after(1_000, () => process.exit()).unref();
}

function announce(app: App): void {
  console.log(`Fanfare listens on ${app.url}`);
  for (const note of app.notes) console.log(`  ${note}`);
  if (app.adminToken) {
    console.log(`  First start: this operator token is shown once and has the role admin.\n  ${app.adminToken}`);
  }
}
