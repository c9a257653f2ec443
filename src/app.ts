import { join } from "node:path";
import { type Channels, openChannels } from "./channels/index.ts";
import type { Context, Log, Settings } from "./context.ts";
import { openDatabase, type RootDatabase } from "./db/client.ts";
import { migrate } from "./db/migrate.ts";
import type { Env } from "./env.ts";
import type { JobContext } from "./jobs/job.ts";
import { handleJob } from "./jobs/route.ts";
import { armSchedules } from "./jobs/schedules.ts";
import { createLog } from "./log.ts";
import { type Broker, startBroker } from "./queue/broker/index.ts";
import { type Flow, openQueue, type Queue } from "./queue/qstash.ts";
import { type Relay, startRelay } from "./queue/relay.ts";
import { openRedis, type RedisHandle } from "./redis/client.ts";

/** What tests and benches may put in the place of the real thing. */
export interface Replaceable {
  readonly clock?: () => number;
  readonly log?: Log;
  /** How the embedded broker calls a destination. */
  readonly deliver?: (request: Request) => Promise<Response>;
}

/** A running Fanfare. */
export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly ctx: Context;
  readonly channels: Channels;
  readonly queue: Queue;
  readonly broker: Broker | undefined;
  /** What happened while starting, a line each. */
  readonly notes: readonly string[];
  stop(): Promise<void>;
}

/** Builds all parts, brings the database up to date, and serves. */
export async function startApp(env: Env, replace: Replaceable = {}): Promise<App> {
  const log = replace.log ?? createLog(env.LOG_LEVEL);
  const parts = await openParts(env, log);
  const listener = listen(env);
  const broker = env.QSTASH_URL ? undefined : await embeddedBroker(env, log, replace);
  const queue = openQueue(queueSettings(env, parts.channels, listener.url, broker));
  const ctx: JobContext = {
    db: parts.db,
    redis: parts.redis.client,
    queue,
    settings: settingsOf(env, parts.channels, listener.url),
    senders: parts.channels.senders,
    clock: replace.clock ?? Date.now,
    random: Math.random,
    log,
    actor: { kind: "system", job: "app" },
  };
  const relay = startRelay(parts.db, queue, (event, fields) => log("warn", event, fields), ctx.clock);
  listener.route((request) => handle(ctx, request));
  await armSchedules(queue);
  return {
    url: listener.url,
    ctx,
    channels: parts.channels,
    queue,
    broker,
    notes: [parts.redis.describe, ...parts.migrated.map((name) => `migrated ${name}`)],
    stop: () => stop({ ...parts, listener, broker, relay }),
  };
}

interface Parts {
  readonly db: RootDatabase;
  readonly redis: RedisHandle;
  readonly channels: Channels;
  readonly migrated: readonly string[];
}

async function openParts(env: Env, log: Log): Promise<Parts> {
  const db = await openDatabase({
    url: env.DATABASE_URL ?? `file:${join(env.dataDir, "fanfare.db")}`,
    authToken: env.DATABASE_AUTH_TOKEN,
  });
  const migrated = await migrate(db);
  const redis = await openRedis(redisSettings(env), (line) => log("warn", "redis", { line }));
  return { db, redis, channels: openChannels(channelSettings(env)), migrated };
}

function redisSettings(env: Env) {
  if (env.UPSTASH_REDIS_REST_URL) {
    return { kind: "rest", url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN ?? "" } as const;
  }
  if (env.REDIS_URL === "none") return { kind: "none" } as const;
  return env.REDIS_URL
    ? ({ kind: "url", url: env.REDIS_URL } as const)
    : ({ kind: "managed", dataDir: env.dataDir } as const);
}

function channelSettings(env: Env) {
  return {
    sandboxPath: join(env.dataDir, "sandbox.db"),
    ...(env.RESEND_API_KEY && {
      email: {
        apiKey: env.RESEND_API_KEY,
        from: env.EMAIL_FROM ?? "",
        ...(env.EMAIL_REPLY_TO && { replyTo: env.EMAIL_REPLY_TO }),
        ...(env.RESEND_BASE_URL && { baseUrl: env.RESEND_BASE_URL }),
        ...(env.RESEND_WEBHOOK_SECRET && { webhookSecret: env.RESEND_WEBHOOK_SECRET }),
      },
    }),
    ...(env.TWILIO_ACCOUNT_SID && {
      sms: {
        accountSid: env.TWILIO_ACCOUNT_SID,
        authToken: env.TWILIO_AUTH_TOKEN ?? "",
        from: env.TWILIO_FROM ?? "",
        ...(env.TWILIO_BASE_URL && { baseUrl: env.TWILIO_BASE_URL }),
        ...(env.PUBLIC_URL && { statusCallback: `${env.PUBLIC_URL}/webhooks/twilio` }),
      },
    }),
    ...(env.FCM_SERVICE_ACCOUNT && {
      push: { serviceAccount: env.FCM_SERVICE_ACCOUNT, ...(env.FCM_BASE_URL && { baseUrl: env.FCM_BASE_URL }) },
    }),
  };
}

function embeddedBroker(env: Env, log: Log, replace: Replaceable): Promise<Broker> {
  return startBroker({
    path: join(env.dataDir, "queue.db"),
    port: env.BROKER_PORT,
    token: env.secrets.brokerToken,
    currentSigningKey: env.secrets.currentSigningKey,
    nextSigningKey: env.secrets.nextSigningKey,
    log: (event, fields) => log("debug", event, fields),
    ...(replace.deliver && { deliver: replace.deliver }),
    ...(replace.clock && { clock: replace.clock }),
  });
}

function queueSettings(env: Env, { senders }: Channels, url: string, broker: Broker | undefined) {
  const flows: Record<string, Flow> = { pages: { parallelism: 8 } };
  for (const { name, limits } of Object.values(senders)) flows[name] = limits;
  return {
    url: broker?.url ?? env.QSTASH_URL ?? "",
    token: broker ? env.secrets.brokerToken : (env.QSTASH_TOKEN ?? ""),
    currentSigningKey: env.secrets.currentSigningKey,
    nextSigningKey: env.secrets.nextSigningKey,
    // The embedded broker calls this process directly; QStash calls the public address.
    jobsUrl: `${broker ? url : (env.PUBLIC_URL ?? url)}/jobs`,
    retries: env.QUEUE_RETRIES,
    flows,
  };
}

function settingsOf(env: Env, { senders }: Channels, url: string): Settings {
  return {
    publicUrl: env.PUBLIC_URL ?? url,
    shopTimeZone: env.SHOP_TIME_ZONE,
    shopName: env.SHOP_NAME,
    pageSize: env.PAGE_SIZE,
    batchWindow: env.BATCH_WINDOW,
    leaseMs: env.LEASE_SECONDS * 1000,
    approvalAbove: env.APPROVAL_ABOVE,
    limits: Object.fromEntries(Object.values(senders).map(({ name, limits }) => [name, limits])),
    linkSecret: env.secrets.linkSecret,
  };
}

type Handler = (request: Request) => Response | Promise<Response>;

interface Listener {
  readonly url: string;
  route(handler: Handler): void;
  stop(): Promise<void>;
}

/** Listens at once, so that the address is known to the parts that are told it, and answers 503 until the routes are there. */
function listen(env: Env): Listener {
  let handler: Handler = () => Response.json({ error: "starting" }, { status: 503, headers: { "retry-after": "1" } });
  const server = Bun.serve({ hostname: env.HOST, port: env.PORT, fetch: (request) => handler(request) });
  return {
    url: `http://${env.HOST === "0.0.0.0" ? "127.0.0.1" : env.HOST}:${server.port}`,
    route: (routes) => {
      handler = routes;
    },
    stop: () => server.stop(),
  };
}

function handle(ctx: JobContext, request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/jobs/")) return handleJob(ctx, pathname.slice("/jobs/".length), request);
  return Response.json({ error: "not found" }, { status: 404 });
}

async function stop(running: Parts & { listener: Listener; broker: Broker | undefined; relay: Relay }): Promise<void> {
  await running.broker?.stop();
  await running.relay.stop();
  await running.listener.stop();
  await running.db.close();
  await running.redis.close();
  await running.channels.close();
}
