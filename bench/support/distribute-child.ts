import { join } from "node:path";
import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { startDistribution } from "../../src/distribution/control.ts";
import { endedRows, findDistribution } from "../../src/distribution/distribution.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal, type Refusal } from "../../src/errors.ts";
import { addIssueTemplate } from "./issue-template.ts";
import { perMember, spending } from "./spent.ts";

// A distribution, from the first byte read to the last coupon's commit: bun distribute-child.ts <dir> <rows> <file>.

const [dir = "", total = "0", name = ""] = Bun.argv.slice(2);
const rows = Number(total);
const env = readEnv({ DATA_DIR: dir, PORT: "0", LOG_LEVEL: "error" });
const app = await startApp(env);
const { ctx } = app;
const template = await addIssueTemplate(ctx.db, rows);

const rssMiBAtStart = Math.round(process.memoryUsage.rss() / 1_048_576);
const spent = spending();
const file = { name, content: Bun.file(join(dir, name)) };
const { id } = accepted(await uploadDistribution(ctx, file, { template }));
await becomes("READY");
accepted(await startDistribution(ctx, { id }));
const done = await becomes("COMPLETED");
const cost = perMember(rows, spent());

const counts = await ctx.db.first<{ held: number; messages: number }>(sql`
  SELECT (SELECT count(*) FROM coupon) AS held,
    (SELECT count(*) FROM outbox WHERE published_at IS NOT NULL) AS messages`);
if (counts?.held !== rows || endedRows(done, "ISSUED") !== rows)
  throw new Error(`not every row got a coupon: ${JSON.stringify([counts, done.counts])}`);
await app.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: counts.messages, rssMiBAtStart, peakRssMiB }));
process.exit(0);

async function becomes(state: string) {
  for (;;) {
    const distribution = accepted(await findDistribution(ctx, id));
    if (distribution.state === state) return distribution;
    if (distribution.state === "FAILED") throw new Error(`it failed: ${JSON.stringify(distribution.fault)}`);
    await Bun.sleep(50);
  }
}

function accepted<T>(answer: T): Exclude<T, Refusal> {
  if (isRefusal(answer)) throw new Error(answer.message);
  return answer as Exclude<T, Refusal>;
}
