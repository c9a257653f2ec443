import { openChannels } from "../channels/index.ts";
import type { Context } from "../context.ts";
import { openDatabase } from "../db/client.ts";
import { migrate } from "../db/migrate.ts";
import { audience, domains, rewards } from "../domains.ts";
import { type Env, environment, readEnv } from "../env.ts";
import { createLog } from "../log.ts";
import { openQueue } from "../queue/qstash.ts";
import { channelSettings, databaseSettings, domainSettings, queueSettings, variablesOf } from "../settings.ts";

/**
 * Runs `work` on this installation's data without serving: what it enqueues waits in the outbox for the server. Redis
 * is not started for it.
 */
export async function offline<T>(job: string, work: (ctx: Context, env: Env) => Promise<T>): Promise<T> {
  const env = readEnv(environment(), variablesOf(domains));
  const db = await openDatabase(databaseSettings(env));
  const channels = openChannels(channelSettings(env));
  const here = `http://127.0.0.1:${env.PORT}`;
  const ctx: Context = {
    db,
    redis: undefined,
    queue: openQueue(queueSettings(env, domains, channels, { url: here })),
    settings: domainSettings(env, domains, channels, here),
    domains,
    audience,
    rewards,
    sandbox: channels.sandbox,
    clock: Date.now,
    random: Math.random,
    log: createLog(env.LOG_LEVEL, domains),
    actor: { kind: "system", job },
  };
  try {
    await migrate(db);
    return await work(ctx, env);
  } finally {
    await db.close();
    await channels.close();
  }
}
