import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import { domains } from "../domains.ts";
import { type Env, environment, readEnv } from "../env.ts";
import { isBuilt } from "../installation.ts";
import { createLog } from "../log.ts";
import { variablesOf } from "../settings.ts";
import { realWorld } from "../world.ts";
import { defineCommand } from "./command.ts";
import { quietLibraries } from "./quiet.ts";
import { startUntilSignal } from "./stop-on-signal.ts";

/** Starts Fanfare and stops it on SIGINT or SIGTERM: nothing new is taken, what is under way finishes. */
export const serve = defineCommand({
  name: "serve",
  usage: `fanfare serve        (the same as: npm start)

Starts Fanfare, by default on http://127.0.0.1:3000, with its data in this checkout's data/. A directory without an
installation becomes one; its first admin token is shown at a terminal, else it is left in DATA_DIR/admin-token, which
its owner alone may read. SIGINT or SIGTERM stops it.

It has no options: settings are environment variables, such as PORT=8080 or DATA_DIR=/srv/fanfare; .env.example
lists them all.`,
  async run() {
    const env = readEnv(environment(), variablesOf(domains));
    quietLibraries(createLog(env.LOG_LEVEL));
    const { app, signal } = await startUntilSignal(env);
    if (app) announce(app, env);
    await signal.done;
    // A database that does not answer, or whoever reads our lines and stands still, keeps nobody from stopping.
    realWorld.timers.after(1_000, () => process.exit()).unref();
  },
});

function announce(app: App, env: Env): void {
  console.log(`Fanfare listens on ${app.url}`);
  for (const note of [`Data directory: ${env.dataDir}`, ...app.notes]) console.log(`  ${note}`);
  if (env.production && !isBuilt) console.log("  Runs from src/: `npm run build` makes the next start faster");
  if (app.adminToken) console.log(`  ${tellToken(app.adminToken, env.dataDir)}`);
}

/** How the first token is told: to whoever sits at the terminal, else in a file, for others read what is printed. */
function tellToken(token: string, dataDir: string): string {
  if (process.stdout.isTTY) return `First start: this operator token is shown once and has the role admin.\n  ${token}`;
  const path = join(dataDir, "admin-token");
  rmSync(path, { force: true });
  writeFileSync(path, `${token}\n`, { mode: 0o600, flag: "wx" });
  return `First start: an operator's token with the role admin is in ${path}; take it and delete the file.`;
}
