import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { Context } from "../../src/context.ts";
import { openDatabase } from "../../src/db/client.ts";
import { openDistributions, startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";
import { handled, shuffled } from "./distributions.ts";
import { testContext } from "./graphql.ts";
import { reportOf, workbookOf } from "./reports.ts";
import { accepted } from "./shop.ts";

// What the queue has a server do about a distribution, from whatever it finds, until that has ended, and then takes its
// report in both forms; or until somebody kills it: bun distribution-victim.ts <ledger> <Redis URL> <distribution>
// <seed>. Messages come in any order, some of them twice at once.
const [, , ledger = "", redisUrl = "", id = "0", seed = "0"] = process.argv;
const random = seededRandom(Number(seed));
const db = await openDatabase({ url: `file:${ledger}` }, realWorld);
const redis = await openRedis({ kind: "url", url: redisUrl }, realWorld, () => {});
const ctx: Context = { ...testContext(db), redis: redis.client };

for (;;) {
  const { state } = accepted(await findDistribution(ctx, Number(id)));
  if (state === "COMPLETED" || state === "FAILED") break;
  if (state === "READY") await startDistribution(ctx, { id: Number(id) });
  const messages = shuffled(await openDistributions(ctx, ctx.clock() + 1), random).slice(0, 3);
  const deliveries = messages.flatMap((message) => (random() < 0.3 ? [message, message] : [message]));
  await Promise.all(deliveries.map((message) => handled(ctx, message)));
}
console.log("ended");
await Promise.all([reportOf(ctx, Number(id)), workbookOf(ctx, Number(id))]);
await redis.close();
await db.close();
