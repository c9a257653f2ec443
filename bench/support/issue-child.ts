import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal } from "../../src/errors.ts";
import { addIssueTemplate } from "./issue-template.ts";
import { perMember, spending } from "./spent.ts";

// A silent issue to everyone, from its launch to its last page: bun issue-child.ts <dir> <members> [port] [go-on]. With
// `go-on` it takes up the run that a killed process left behind, on the same port: the queue's messages name it.

const [dir = "", total = "0", port = "0", mode = ""] = Bun.argv.slice(2);
const members = Number(total);
const env = readEnv({ DATA_DIR: dir, PORT: port || "0", LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" });
const app = await startApp(env);
const { db } = app.ctx;

const spent = spending();
if (mode !== "go-on") await launch();
const runOf = () => db.first<{ state: string }>(sql`SELECT state FROM run`);
while ((await runOf())?.state !== "COMPLETED") await Bun.sleep(10);
const cost = perMember(members, spent());

const counts = await db.first<{ given: number; held: number; issued: number; messages: number }>(sql`
  SELECT (SELECT count(*) FROM send WHERE channel = 'COUPON' AND state = 'SENT') AS given,
    (SELECT count(*) FROM coupon) AS held,
    (SELECT issued FROM coupon_template) AS issued,
    (SELECT count(*) FROM outbox WHERE published_at IS NOT NULL) AS messages`);
if (counts?.given !== members || counts.held !== members || counts.issued !== members)
  throw new Error(`not everyone got a coupon: ${JSON.stringify(counts)}`);
await app.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: counts.messages, peakRssMiB }));
process.exit(0);

async function launch(): Promise<void> {
  const template = await addIssueTemplate(db, members);
  const draft = { name: "Bench", kind: "COUPON_ISSUE", couponTemplate: template, channels: [] } as const;
  const campaign = await createCampaign(app.ctx, { ...draft, channels: [] });
  if (isRefusal(campaign)) throw new Error(campaign.message);
  const launched = await launchCampaign(app.ctx, { id: campaign.id });
  if (isRefusal(launched)) throw new Error(launched.message);
}
