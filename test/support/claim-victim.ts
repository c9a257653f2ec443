import { startApp } from "../../src/app.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { memberEnv } from "./ask.ts";
import { shopEnv } from "./shop.ts";

// A shop as a process of its own, to be killed: bun claim-victim.ts <data directory> <Redis URL> <seed> <settings>;
// prints its address. A fifth of its Redis scripts' replies are lost after the script has run.
const [, , dataDir = "", redisUrl = "", seed = "1", env = "{}"] = process.argv;
const lost = 0.2;
const random = seededRandom(Number(seed));

const app = await startApp(
  shopEnv(dataDir, { ...memberEnv, REDIS_URL: redisUrl, TRUST_PROXY: "1", ...JSON.parse(env) }),
);
const { redis } = app.ctx;
if (!redis) throw new Error("this shop needs Redis");
const run = redis.evalsha.bind(redis);
redis.evalsha = async (...args: Parameters<typeof run>) => {
  const reply = await run(...args);
  if (random() < lost) throw new Error("the reply was lost");
  return reply as never;
};
console.log(app.url);
