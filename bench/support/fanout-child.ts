import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal } from "../../src/errors.ts";
import { perMember, spending } from "./spent.ts";

const [dir = "", total = "0"] = Bun.argv.slice(2);
const members = Number(total);
const env = readEnv({ DATA_DIR: dir, PORT: "0", LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" });
const app = await startApp(env);
const campaign = await createCampaign(app.ctx, {
  name: "Bench",
  channels: ["IN_APP"],
  content: { IN_APP: { default: { title: "Hello {{ member.externalId }}", body: "A bench." } } },
});
if (isRefusal(campaign)) throw new Error(campaign.message);

const spent = spending();
const launched = await launchCampaign(app.ctx, { id: campaign.id });
if (isRefusal(launched)) throw new Error(launched.message);
const runOf = () => app.ctx.db.first<{ state: string }>(sql`SELECT state FROM run WHERE campaign = ${campaign.id}`);
while ((await runOf())?.state !== "COMPLETED") await Bun.sleep(10);
const cost = perMember(members, spent());

const counts = await app.ctx.db.first<{ sends: number; inbox: number; messages: number }>(sql`
  SELECT (SELECT count(*) FROM send WHERE state = 'SENT') AS sends, (SELECT count(*) FROM inbox) AS inbox,
    (SELECT count(*) FROM outbox WHERE published_at IS NOT NULL) AS messages`);
if (counts?.sends !== members || counts.inbox !== members)
  throw new Error(`not everyone was reached: ${JSON.stringify(counts)}`);
await app.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: counts.messages, peakRssMiB }));
process.exit(0);
