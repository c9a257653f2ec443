import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { campaignPlan, campaignStart } from "../../src/campaign/messages.ts";
import { nextWave } from "../../src/campaign/run/zones.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal } from "../../src/errors.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { perMember, spending } from "./spent.ts";

// A run by members' own clocks. When few pages of a wave are left the next one comes, and its message with it: what is
// measured is work, and not the day that goes by.

const [dir = "", total = "0"] = Bun.argv.slice(2);
const members = Number(total);
const env = readEnv({ DATA_DIR: dir, PORT: "0", LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" });
let moved = 0;
const app = await startApp(env, { clock: () => Date.now() + moved });
const { ctx } = app;
const begins = Date.parse("2027-07-01T09:00:00Z");
const campaign = await createCampaign(ctx, {
  name: "Bench",
  channels: ["IN_APP"],
  content: { IN_APP: { default: { title: "Hello {{ member.externalId }}", body: "A bench." } } },
  startsAt: begins,
  localTime: { passed: "NOW" },
});
if (isRefusal(campaign)) throw new Error(campaign.message);
moved = begins - 15 * 3_600_000 - Date.now();

const spent = spending();
const launched = await launchCampaign(ctx, { id: campaign.id });
if (isRefusal(launched)) throw new Error(launched.message);
const first = await ctx.db.first<{ id: number; at: number }>(sql`SELECT id, due_at AS at FROM run`);
const run = first?.id ?? 0;
moved = (first?.at ?? 0) - Date.now();
await ctx.db.write([enqueue(ctx, [campaignStart.of({ run })])]);

for (;;) {
  const now = await ctx.db.first<{ state: string; from: number; open: number; next: number | null }>(sql`
    SELECT state, planned_to AS "from", pages - pages_written AS open, ${nextWave(sql`run.id`)} AS next
    FROM run WHERE id = ${run}`);
  if (now?.state === "COMPLETED") break;
  if (now?.next && now.open < 32 && now.next > ctx.clock()) await comes(now.next, now.from);
  await Bun.sleep(5);
}
const cost = perMember(members, spent());

/** The next wave comes now: where the clock is moved, an hour's work of all else is to be done as well. */
async function comes(at: number, from: number): Promise<void> {
  await ctx.db.write([
    sql`UPDATE run_zone SET at = ${ctx.clock()} WHERE run = ${run} AND at = ${at} AND planned = 0`,
    enqueue(ctx, [campaignPlan.of({ run, from })]),
  ]);
}

const counts = await ctx.db.first<{ sends: number; inbox: number; messages: number }>(sql`
  SELECT (SELECT count(*) FROM send WHERE state = 'SENT') AS sends, (SELECT count(*) FROM inbox) AS inbox,
    (SELECT count(*) FROM outbox WHERE published_at IS NOT NULL) AS messages`);
if (counts?.sends !== members || counts.inbox !== members)
  throw new Error(`not everyone was reached: ${JSON.stringify(counts)}`);
await app.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, messages: counts.messages, peakRssMiB }));
process.exit(0);
