// A process that owns a managed Redis, for tests that kill it: writes what it was told to, then waits.
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";

const redis = await openRedis({ kind: "managed", dataDir: process.argv[2]! }, realWorld);
await redis.client?.set("written-by", process.pid).catch(() => {});
console.log(JSON.stringify({ describe: redis.describe, healthy: await redis.healthy() }));
if (process.argv[3] === "stop") await redis.close();
else await new Promise((_, reject) => setTimeout(reject, 60_000)); // in case that nobody kills it
