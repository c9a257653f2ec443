import { existsSync } from "node:fs";
import { sql } from "drizzle-orm";
import { openChannels } from "../channels/index.ts";
import type { Context } from "../context.ts";
import { openDatabase, placeOf, type RootDatabase } from "../db/client.ts";
import { readsHere } from "../db/heavy/heavy-reads.ts";
import { migrate } from "../db/migrate.ts";
import { audience, domains, rewards } from "../domains.ts";
import { type Env, environment, readEnv } from "../env.ts";
import { SetupError } from "../errors.ts";
import { createLog } from "../log.ts";
import { createMemory } from "../memory.ts";
import { openQueue } from "../queue/qstash.ts";
import { channelSettings, databaseSettings, domainSettings, queueSettings, variablesOf } from "../settings.ts";
import { startFault } from "../start-fault.ts";
import { realWorld } from "../world.ts";

/**
 * The environment of an installation that is there; its directory is named on standard error. Refuses one that is not:
 * a command that works on an installation makes no new one.
 */
export function readInstallation(): Env {
  const env = readEnv(environment(), variablesOf(domains), "old");
  console.error(`Data directory: ${env.dataDir}`);
  return env;
}

/**
 * Runs `work` on this installation's data without serving: what it enqueues waits in the outbox for the server. Redis
 * is not started for it.
 */
export async function offline<T>(job: string, work: (ctx: Context, env: Env) => Promise<T>): Promise<T> {
  const env = readInstallation();
  const db = await openExisting(env).catch((error) => {
    throw startFault(error, env) ?? error;
  });
  const channels = openChannels(channelSettings(env), realWorld);
  const url = `http://127.0.0.1:${env.PORT}`;
  const broker = env.QSTASH_TOKEN ? undefined : `http://127.0.0.1:${env.BROKER_PORT}`;
  const ctx: Context = {
    ...realWorld,
    memory: createMemory(),
    db,
    heavy: readsHere(db),
    redis: undefined,
    queue: openQueue(queueSettings(env, domains, channels, { url, broker }), realWorld),
    settings: domainSettings(env, domains, channels, url),
    domains,
    audience,
    rewards,
    sandbox: channels.sandbox,
    log: createLog(env.LOG_LEVEL, domains),
    actor: { kind: "system", job },
  };
  try {
    return await work(ctx, env);
  } finally {
    await db.close();
    await channels.close();
  }
}

/** The installation's database, brought up to date; one that holds nothing of Fanfare is refused and left as it is. */
export async function openExisting(env: Env): Promise<RootDatabase> {
  const settings = databaseSettings(env);
  const place = placeOf(settings);
  const strange = () => new SetupError(`The database ${place} holds nothing of Fanfare: start the server there first.`);
  if (settings.url.startsWith("file:") && !existsSync(place)) throw strange();
  const db = await openDatabase(settings, realWorld);
  try {
    const known = await db.first(sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration'`);
    if (!known) throw strange();
    await migrate(db, realWorld.clock);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
