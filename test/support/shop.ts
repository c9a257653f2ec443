import { existsSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type App, type Replaceable, startApp } from "../../src/app.ts";
import { cancelCampaign } from "../../src/campaign/control/cancel.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../src/campaign/control/pause.ts";
import { type CampaignDraft, createCampaign } from "../../src/campaign/draft/campaign.ts";
import { byChannel, type ChannelName, channelNames, externalNames, factsOf } from "../../src/channels/catalog.ts";
import type { Context } from "../../src/context.ts";
import type { Database } from "../../src/db/client.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal, type Refusal } from "../../src/errors.ts";
import { sweepOnce } from "../../src/operations/sweeper.ts";
import type { Queue } from "../../src/queue/qstash.ts";
import { writeMigrated } from "./database.ts";
import { faultsOf, ledgerOf, runOf } from "./ledger.ts";
import { tempDir } from "./temp.ts";
import { trusted } from "./trusted.ts";
import { until } from "./wait.ts";

/** A whole Fanfare in this process, on a data directory of its own, with words for what tests do and ask. */
export interface Shop {
  readonly app: App;
  readonly ctx: Context;
  readonly sandboxPath: string;
  /** Adds `n` members; see {@link MemberShape}. */
  members(n: number, shape?: MemberShape): Promise<void>;
  /** Creates a campaign to everyone, with content for its channels, and answers its id. */
  campaign(draft: Partial<CampaignDraft> & { channels: ChannelName[] }): Promise<number>;
  /** Launches a campaign and answers the id of its run. */
  launch(campaign: number): Promise<number>;
  /** {@link campaign} and {@link launch} in one. */
  launched(draft: Partial<CampaignDraft> & { channels: ChannelName[] }): Promise<number>;
  pause(run: number): Promise<void>;
  resume(run: number): Promise<void>;
  cancel(run: number): Promise<void>;
  state(run: number): Promise<string>;
  /** Waits until the run is in this state. */
  becomes(run: number, state: string, timeoutMs?: number): Promise<void>;
  /**
   * Waits until the run is in one of these states while the shop's clock runs ahead, so that what was put off comes due
   * soon.
   */
  endsSoon(run: number, ...states: string[]): Promise<void>;
  ledger(run: number): Promise<Record<string, number>>;
  /** What does not add up: nothing, in a healthy run. */
  faults(run: number): Promise<string[]>;
  /** Messages ever enqueued, by name. */
  messages(): Promise<Record<string, number>>;
  /** Whether everything enqueued was published and delivered. */
  idle(): Promise<boolean>;
  /** Rows sent so far on external channels. */
  sent(run: number): Promise<number>;
  /** Moves the shop's clock on. */
  pass(ms: number): void;
  sweep(): Promise<{ readonly reissued: number }>;
  stop(): Promise<void>;
}

export interface ShopOptions extends Pick<Replaceable, "deliver" | "log" | "world"> {
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  /** The time that the shop lives in, in milliseconds; {@link Shop.pass} moves on from it. */
  readonly clock?: () => number;
}

/**
 * Each an SQL expression over the member's number `i`; without one every member has an address of its own and allows
 * everything.
 */
export interface MemberShape {
  readonly email?: string;
  readonly phone?: string;
  readonly control?: string;
  readonly level?: string;
  readonly attributes?: string;
  /** Whether the member allows every external channel. */
  readonly consent?: string;
  readonly pushTokens?: string;
}

const opened: Shop[] = [];

/** Stops every shop that tests of this file opened. */
export async function closeShops(): Promise<void> {
  for (const shop of opened.splice(0)) await shop.stop();
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const { env = {}, dataDir = tempDir(), clock = Date.now, ...replace } = options;
  let moved = 0;
  const ledger = join(dataDir, "fanfare.db");
  if (!existsSync(ledger)) await writeMigrated(ledger);
  const app = await startApp(shopEnv(dataDir, env), { clock: () => clock() + moved, trusted, ...replace });
  const sandboxPath = join(dataDir, "sandbox.db");
  const { ctx } = app;
  const { db } = ctx;
  const becomes = async (run: number, state: string, timeoutMs?: number) =>
    void (await until(async () => (await runOf(db, run)).state === state, timeoutMs, `run ${run} to be ${state}`));
  const shop: Shop = {
    app,
    ctx,
    sandboxPath,
    members: (n, shape) => addMembers(db, n, shape),
    campaign: (draft) => addCampaign(ctx, draft),
    launch: async (campaign) => {
      accepted(await launchCampaign(ctx, { id: campaign }));
      return runOfCampaign(db, campaign);
    },
    launched: async (draft) => shop.launch(await shop.campaign(draft)),
    pause: async (run) => void accepted(await pauseCampaign(ctx, { id: await campaignOf(db, run) })),
    resume: async (run) => void accepted(await resumeCampaign(ctx, { id: await campaignOf(db, run) })),
    cancel: async (run) => void accepted(await cancelCampaign(ctx, { id: await campaignOf(db, run) })),
    state: async (run) => (await runOf(db, run)).state,
    becomes,
    endsSoon: (run, ...states) => hurried(shop, run, states.length > 0 ? states : ["COMPLETED"]),
    ledger: (run) => ledgerOf(db, run),
    faults: (run) => faultsOf(db, sandboxPath, run),
    messages: () => messagesOf(db),
    idle: () => isIdle(ctx),
    sent: (run) => sentOf(db, run),
    pass: (ms) => {
      moved += ms;
    },
    sweep: () => sweepOnce(ctx),
    stop: () => app.stop(),
  };
  opened.push(shop);
  return shop;
}

/**
 * The clock runs ahead ever less: were it always far ahead, a slow machine would keep no lease and never come to an
 * end.
 */
async function hurried(shop: Shop, run: number, states: readonly string[]): Promise<void> {
  let pauseMs = 50;
  let passed = performance.now();
  const ended = async () => {
    if (performance.now() - passed > pauseMs) {
      shop.pass(1_000);
      passed = performance.now();
      pauseMs = Math.min(1_000, pauseMs * 1.1);
    }
    return states.includes(await shop.state(run));
  };
  await until(ended, undefined, `run ${run} to be ${states.join(" or ")}`);
}

/** The environment of a test's shop: small leases, no Redis, no readers, no log. */
export function shopEnv(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  return readEnv({
    DATA_DIR: dataDir,
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: "none",
    READERS: "0",
    LEASE_SECONDS: "1",
    PAGE_SIZE: "100",
    APPROVAL_ABOVE: "10000000",
    ...env,
  });
}

/** What a verb answered, unless it refused. */
export function accepted<Answer>(answer: Answer): Exclude<Answer, Refusal> {
  if (isRefusal(answer)) throw new Error(`refused: ${answer.message}`);
  return answer as Exclude<Answer, Refusal>;
}

export async function addMembers(db: Database, n: number, shape: MemberShape = {}): Promise<void> {
  const expression = (text: string | undefined, otherwise: string) => sql.raw(text ?? otherwise);
  const numbers = sql`WITH RECURSIVE n (i) AS (SELECT coalesce(max(seq), 0) + 1 FROM member
    UNION ALL SELECT i + 1 FROM n LIMIT ${n})`;
  const allowed = expression(shape.consent, "1");
  const newcomers = sql`(SELECT seq AS i FROM member WHERE updated_at = -1)`;
  await db.write([
    sql`
      INSERT INTO member (seq, id, external_id, email, phone, control, level, attributes, registered_at, updated_at)
        ${numbers}
      SELECT i, 'm_' || i, 'x' || i, ${expression(shape.email, "'u' || i || '@shop.test'")},
        ${expression(shape.phone, "'+4915' || (10000000 + i)")}, ${expression(shape.control, "0")},
        ${expression(shape.level, "0")}, ${expression(shape.attributes, "'{}'")}, 0, -1 FROM n`,
    ...externalNames.map(
      (channel) => sql`INSERT INTO consent (member, channel, topic, listed, listed_by, listed_at)
        SELECT i, ${channel}, '*', ${allowed}, 'test', 0 FROM ${newcomers}`,
    ),
    sql`INSERT INTO push_token (token, member, added_at)
        SELECT 'token-' || i, i, 0 FROM ${newcomers} WHERE ${expression(shape.pushTokens, "1")}`,
    sql`UPDATE member SET updated_at = 0 WHERE updated_at = -1`,
  ]);
}

/** The parts that every channel needs. */
const content = byChannel(channelNames, (channel) => {
  const needed = Object.entries(factsOf(channel).parts).filter(([, { required }]) => required);
  const said: Readonly<Record<string, string>> = { body: "News", html: "<p>News</p>" };
  return { default: Object.fromEntries(needed.map(([part]) => [part, said[part] ?? "Hi {{ member.externalId }}"])) };
});

export async function addCampaign(
  ctx: Context,
  draft: Partial<CampaignDraft> & { channels: ChannelName[] },
): Promise<number> {
  return accepted(await createCampaign(ctx, { name: "Sale", content, ...draft })).id;
}

export async function runOfCampaign(db: Database, campaign: number): Promise<number> {
  const row = await db.first<{ id: number }>(sql`SELECT id FROM run WHERE campaign = ${campaign} ORDER BY id DESC`);
  if (!row) throw new Error(`campaign ${campaign} has no run`);
  return row.id;
}

async function campaignOf(db: Database, run: number): Promise<number> {
  const row = await db.first<{ campaign: number }>(sql`SELECT campaign FROM run WHERE id = ${run}`);
  return row?.campaign ?? 0;
}

export async function messagesOf(db: Database): Promise<Record<string, number>> {
  const rows = await db.all<{ name: string; n: number }>(
    sql`SELECT name, count(*) AS n FROM outbox GROUP BY name ORDER BY name`,
  );
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

async function isIdle({ db, queue }: Context): Promise<boolean> {
  if (await db.first(sql`SELECT 1 FROM event_mark WHERE announced < (SELECT max(seq) FROM event)`)) return false;
  const newest = sql`SELECT max(seq) AS newest FROM outbox`;
  const before = await db.first<{ newest: number | null }>(newest);
  const rows = await db.all<{ id: string | null }>(sql`SELECT message_id AS id FROM outbox`);
  for (const { id } of rows) {
    if (id === null) return false;
    // A message to several has an id for each of them.
    const ids = id.startsWith("{") ? Object.values<string>(JSON.parse(id)) : [id];
    for (const each of ids) if (await isWaiting(queue, each)) return false;
  }
  // One that ended while we asked may have left another behind it.
  return (await db.first<{ newest: number | null }>(newest))?.newest === before?.newest;
}

/** Without the SDK, which would complain of every message that is gone. */
async function isWaiting({ settings }: Queue, messageId: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${settings.token}` };
  const { ok, status } = await fetch(`${settings.url}/v2/messages/${messageId}`, { headers });
  if (!ok && status !== 404) throw new Error(`the broker answered ${status} when it was asked for a message`);
  return ok;
}

async function sentOf(db: Database, run: number): Promise<number> {
  const row = await db.first<{ n: number }>(sql`
    SELECT coalesce(sum(n), 0) AS n FROM tally WHERE run = ${run} AND state = 'SENT' AND
      channel IN ('EMAIL', 'SMS', 'PUSH')`);
  return row?.n ?? 0;
}
