import { sql } from "drizzle-orm";
import { type App, type Replaceable, startApp } from "../../src/app.ts";
import { setCapsPolicy } from "../../src/campaign/caps/policy.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { type CampaignDraft, createCampaign } from "../../src/campaign/draft/campaign.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal } from "../../src/errors.ts";
import { perMember, spending } from "./spent.ts";

/** What children that reach members are told, in this order: directory, members, channel, and what more there is. */
export function readToldOf(argv: readonly string[]) {
  const [dir = "", total = "0", channel = "IN_APP", how = ""] = argv.slice(2);
  if (channel !== "IN_APP" && channel !== "EMAIL") throw new Error(`no bench reaches members by ${channel}`);
  return { dir, members: Number(total), channel, how } as const;
}

export type Told = ReturnType<typeof readToldOf>;

/** A Fanfare on the directory, with a campaign to everyone that is not launched yet. */
export async function drafted(
  { dir, channel, how }: Told,
  draft: Partial<CampaignDraft> = {},
  replace: Replaceable = {},
) {
  const env = readEnv({ DATA_DIR: dir, PORT: "0", LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" });
  const app = await startApp(env, replace);
  if (how === "considerate") await considerate(app);
  const content = {
    IN_APP: { IN_APP: { default: { title: "Hello {{ member.externalId }}", body: "A bench." } } },
    EMAIL: { EMAIL: { default: { subject: "Hello {{ member.externalId }}", html: "<p>A bench.</p>" } } },
  };
  const campaign = await createCampaign(app.ctx, {
    name: "Bench",
    channels: [channel],
    content: content[channel],
    ...draft,
  });
  if (isRefusal(campaign)) throw new Error(JSON.stringify(campaign));
  return { app, campaign: campaign.id };
}

/** Caps of each channel and of all together, and quiet hours that are over in an hour or more, and those of nobody. */
async function considerate({ ctx }: App): Promise<void> {
  const hour = new Date().getUTCHours();
  const quiet = { quietFrom: ((hour + 3) % 24) * 60, quietTo: ((hour + 4) % 24) * 60 };
  const caps = { perDay: 5, perWeek: 20 };
  for (const policy of [
    { channel: null, ...caps, ...quiet },
    { channel: "EMAIL", ...caps, ...quiet },
    { channel: "IN_APP", ...caps },
  ] as const) {
    const set = await setCapsPolicy(ctx, policy);
    if (isRefusal(set)) throw new Error(JSON.stringify(set));
  }
}

/** Launches it, waits with `ended` until all are reached, and tells what that took. */
export async function reachAll(
  { app, campaign }: Awaited<ReturnType<typeof drafted>>,
  { members, channel }: Told,
  ended: () => Promise<void>,
): Promise<void> {
  const { ctx } = app;
  const spent = spending();
  const launched = await launchCampaign(ctx, { id: campaign });
  if (isRefusal(launched)) throw new Error(launched.message);
  await ended();
  const cost = perMember(members, spent());
  const counts = await ctx.db.first<{ sends: number; inbox: number; messages: number }>(sql`
    SELECT (SELECT count(*) FROM send WHERE state = 'SENT') AS sends, (SELECT count(*) FROM inbox) AS inbox,
      (SELECT count(*) FROM outbox WHERE published_at IS NOT NULL) AS messages`);
  if (counts?.sends !== members || counts.inbox !== (channel === "IN_APP" ? members : 0))
    throw new Error(`not everyone was reached: ${JSON.stringify(counts)}`);
  await app.stop();
  const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ ...cost, messages: counts.messages, peakRssMiB }));
  process.exit(0);
}
