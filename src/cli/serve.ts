import { type App, startApp } from "../app.ts";
import { domains } from "../domains.ts";
import { environment, readEnv } from "../env.ts";
import { variablesOf } from "../settings.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** Starts Fanfare and stops it on SIGINT or SIGTERM: nothing new is taken, what is under way finishes. */
export async function serve(): Promise<void> {
  const app = await startApp(readEnv(environment(), variablesOf(domains)));
  announce(app);
  await stopOnSignal(app).done;
  // Whoever reads our lines may stand still: that keeps nobody from stopping.
  app.ctx.timers.after(1_000, () => process.exit()).unref();
}

function announce(app: App): void {
  console.log(`Fanfare listens on ${app.url}`);
  for (const note of app.notes) console.log(`  ${note}`);
  if (app.adminToken) {
    console.log(`  First start: this operator token is shown once and has the role admin.\n  ${app.adminToken}`);
  }
}
