import { startApp } from "../../src/app.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { shopEnv } from "./shop.ts";

// A server for tests that kill it: bun fault-server.ts <data directory> <port> <seed> <batch window>. With a seed other
// than 0 its broker delivers a tenth of the messages twice, holds some back so that others overtake them, and misses
// some answers.
const [, , dataDir = "", port = "0", seed = "0", env = "{}"] = process.argv;
const random = seededRandom(Number(seed));

async function deliver(request: Request): Promise<Response> {
  const dice = random();
  if (dice < 0.1) {
    const again = request.clone();
    const [first] = await Promise.all([fetch(request), fetch(again)]);
    return first;
  }
  if (dice < 0.2) await Bun.sleep(random() * 60); // others overtake it
  const response = await fetch(request);
  return dice > 0.97 ? new Response("the answer was lost", { status: 504 }) : response;
}

const settings = shopEnv(dataDir, { PORT: port, LOG_LEVEL: "warn", ...JSON.parse(env) });
await startApp(settings, seed === "0" ? {} : { deliver });
