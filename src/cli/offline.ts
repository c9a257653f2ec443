import { openChannels } from "../channels/index.ts";
import type { Context } from "../context.ts";
import { openDatabase } from "../db/client.ts";
import { readsHere } from "../db/heavy/heavy-reads.ts";
import { migrate } from "../db/migrate.ts";
import { audience, domains, rewards } from "../domains.ts";
import { type Env, environment, readEnv } from "../env.ts";
import { createLog } from "../log.ts";
import { createMemory } from "../memory.ts";
import { openQueue } from "../queue/qstash.ts";
import { channelSettings, databaseSettings, domainSettings, queueSettings, variablesOf } from "../settings.ts";
import { realWorld } from "../world.ts";

/**
 * Runs `work` on this installation's data without serving: what it enqueues waits in the outbox for the server. Redis
 * is not started for it.
 */
export async function offline<T>(job: string, work: (ctx: Context, env: Env) => Promise<T>): Promise<T> {
  const env = readEnv(environment(), variablesOf(domains));
  const db = await openDatabase(databaseSettings(env), realWorld);
  const channels = openChannels(channelSettings(env), realWorld);
  const here = `http://127.0.0.1:${env.PORT}`;
  const ctx: Context = {
    ...realWorld,
    memory: createMemory(),
    db,
    heavy: readsHere(db),
    redis: undefined,
    queue: openQueue(queueSettings(env, domains, channels, { url: here }), realWorld),
    settings: domainSettings(env, domains, channels, here),
    domains,
    audience,
    rewards,
    sandbox: channels.sandbox,
    log: createLog(env.LOG_LEVEL, domains),
    actor: { kind: "system", job },
  };
  try {
    await migrate(db, ctx.clock);
    return await work(ctx, env);
  } finally {
    await db.close();
    await channels.close();
  }
}
