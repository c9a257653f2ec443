import { type Channels, openChannels } from "./channels/index.ts";
import type { Log } from "./context.ts";
import { openDatabase, type RootDatabase } from "./db/client.ts";
import { type HeavyReader, openHeavyReader } from "./db/heavy/heavy-reads.ts";
import { migrate } from "./db/migrate.ts";
import type { Env } from "./env.ts";
import { openRedis, type RedisHandle } from "./redis/client.ts";
import { channelSettings, databaseSettings, heavySettings, redisSettings } from "./settings.ts";
import type { Starting } from "./starting.ts";
import type { World } from "./world.ts";

/** What a running Fanfare stands on. */
export interface Parts {
  readonly db: RootDatabase;
  readonly heavy: HeavyReader;
  readonly redis: RedisHandle;
  readonly channels: Channels;
  readonly migrated: readonly string[];
}

/** Opens them, and brings the database up to date. Redis, which is waited for, starts beside all others. */
export async function openParts(env: Env, log: Log, world: World, hold: Starting["hold"]): Promise<Parts> {
  const say = (line: string) => log("warn", "redis", { line });
  const starting = hold(openRedis(redisSettings(env), world, say), (it) => it.close());
  starting.catch(() => {}); // heard below, unless something else fails first
  const db = await hold(openDatabase(databaseSettings(env), world), (it) => it.close());
  const migrated = await hold(migrate(db, world.clock));
  const onGone = (error: Error) => log("warn", "reader.gone", { error });
  const reader = openHeavyReader(databaseSettings(env), db, heavySettings(env), { timers: world.timers, onGone });
  const heavy = await hold(reader, (it) => it.close());
  const channels = await hold(openChannels(channelSettings(env), world), (it) => it.close());
  const redis = await starting;
  return { db, heavy, redis, channels, migrated };
}
