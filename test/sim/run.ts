import "./kernel/globals.ts";
import { startRedis } from "../support/redis-server.ts";
import { removeTempDirs } from "../support/temp.ts";
import { real } from "./kernel/real.ts";

const { historyOf } = await import("./history.ts");
const seeds = Bun.argv.slice(2).map(Number);
const server = await startRedis();
const redis = await server.raw();
for (const seed of seeds) {
  const began = real.now();
  const history = await historyOf({ seed, days: Number(Bun.env.DAYS ?? 2), redis });
  const { story, plan, digests, ...told } = history;
  if (Bun.env.DIGESTS) console.log(digests);
  if (Bun.env.STORY) console.log(story.join("\n"));
  console.log(JSON.stringify({ ...told, seconds: (real.now() - began) / 1e9, cpu: process.cpuUsage().user / 1e6 }));
  removeTempDirs();
}
process.exit();
