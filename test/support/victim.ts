import { join } from "node:path";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import type { CampaignDraft } from "../../src/campaign/draft/campaign.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import type { ChannelName } from "../../src/channels/catalog.ts";
import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { openTestDatabase } from "./database.ts";
import { testContext } from "./graphql.ts";
import { freePort } from "./port.ts";
import { accepted, addCampaign, addMembers, runOfCampaign } from "./shop.ts";
import { tempDir } from "./temp.ts";
import { until } from "./wait.ts";

/** A server process on a data directory that outlives it: it is killed and started again until its run has ended. */
export interface Victim {
  readonly db: RootDatabase;
  /** The shop as somebody in another process sees it. */
  readonly ctx: Context;
  readonly run: number;
  readonly sandboxPath: string;
  start(): void;
  /** `kill -9` of the server, broker included. */
  kill(): Promise<void>;
  /** The share of the run's sends that are in a last state, 0 to 1. */
  progress(): Promise<number>;
  stop(): Promise<void>;
}

interface VictimOptions {
  readonly members: number;
  readonly channels: ChannelName[];
  /** What the broker does wrong is thrown with it; 0 = nothing. */
  readonly seed: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What else is said of the campaign, perhaps of something that it makes first. */
  readonly draft?: (ctx: Context) => Promise<Partial<CampaignDraft>>;
  /** What is launched instead; answers its run. */
  readonly launch?: (ctx: Context) => Promise<number>;
}

/** The same, where nothing is so large that it needs approval. */
export function ofAnySize(ctx: Context): Context {
  const campaign = { ...campaignSettings.of(ctx), approvalAbove: 10_000_000 };
  return { ...ctx, settings: { ...ctx.settings, slices: { ...ctx.settings.slices, campaign } } };
}

/** Lays down members and a launched campaign in a new data directory; nothing runs yet. */
export async function layDown({ members, channels, seed, env = {}, draft, launch }: VictimOptions): Promise<Victim> {
  const dataDir = tempDir();
  const db = await openTestDatabase(join(dataDir, "fanfare.db"));
  await addMembers(db, members);
  const ctx = ofAnySize(testContext(db));
  const run = launch ? await launch(ctx) : await launched(ctx, { channels, ...(await draft?.(ctx)) });
  const { start, kill } = killable(dataDir, { seed, env });
  return {
    db,
    ctx,
    run,
    sandboxPath: join(dataDir, "sandbox.db"),
    start,
    kill,
    progress: () => progressOf(db, run, members * Math.max(1, channels.length)),
    stop: async () => {
      await kill();
      await db.close();
    },
  };
}

/** A server process on a data directory; see {@link Victim}. */
export function killable(
  dataDir: string,
  { seed, env = {} }: Pick<VictimOptions, "seed" | "env">,
): Pick<Victim, "start" | "kill"> {
  const port = freePort(); // the queue's messages name it, so that every start needs the same
  let child: Bun.Subprocess | undefined;
  let starts = 0;
  return {
    start: () => {
      starts += 1;
      const script = join(import.meta.dir, "fault-server.ts");
      const dice = seed === 0 ? 0 : seed + starts;
      child = Bun.spawn([process.execPath, script, dataDir, String(port), String(dice), JSON.stringify(env)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
    },
    kill: async () => {
      child?.kill("SIGKILL");
      await child?.exited;
      child = undefined;
    },
  };
}

async function launched(ctx: Context, draft: Parameters<typeof addCampaign>[1]): Promise<number> {
  const campaign = await addCampaign(ctx, draft);
  accepted(await launchCampaign(ctx, { id: campaign }));
  return runOfCampaign(ctx.db, campaign);
}

async function progressOf(db: RootDatabase, run: number, all: number): Promise<number> {
  const row = await db.first<{ n: number }>(sql`
    SELECT coalesce(sum(n), 0) AS n FROM tally WHERE run = ${run} AND state NOT IN ('PENDING', 'SENDING')`);
  return (row?.n ?? 0) / all;
}

/**
 * Kills the server whenever the run has come past the next of `points` (0 to 1), starts it again, and waits for the
 * run's end.
 */
export async function surviveKills(victim: Victim, points: readonly number[], timeoutMs: number): Promise<void> {
  const { db, run } = victim;
  victim.start();
  for (const point of points) {
    await until(async () => (await victim.progress()) >= point, timeoutMs, `${Math.round(point * 100)}% of the run`);
    await Bun.sleep(Math.random() * 20); // somewhere between two commits, or in one
    await victim.kill();
    victim.start();
  }
  const ended = async () => {
    const row = await db.first<{ state: string }>(sql`SELECT state FROM run WHERE id = ${run}`);
    return ["COMPLETED", "CANCELLED", "FAILED"].includes(row?.state ?? "");
  };
  await until(ended, timeoutMs, "the run to end");
}
