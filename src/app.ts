import { join } from "node:path";
import type { Actor } from "./actor.ts";
import { type Channels, openChannels } from "./channels/index.ts";
import type { Context, Log, Service } from "./context.ts";
import { openDatabase, type RootDatabase } from "./db/client.ts";
import { migrate } from "./db/migrate.ts";
import { audience, domains, examples, files, jobs, rewards } from "./domains.ts";
import type { Env } from "./env.ts";
import type { JobContext } from "./jobs/job.ts";
import { type Watch, watchQueue } from "./jobs/watch.ts";
import { createLog } from "./log.ts";
import { createMemory } from "./memory.ts";
import { countLostLines, countMutation, countPublishFailure } from "./operations/metrics.ts";
import { createRequestLimit, type RequestLimiter } from "./operations/request-limit.ts";
import { createSignIn } from "./operations/sign-in.ts";
import { ensureAdminToken } from "./operations/token.ts";
import { announce } from "./queue/announce.ts";
import { type Broker, type BrokerOptions, startBroker } from "./queue/broker/index.ts";
import { openQueue, type Queue } from "./queue/qstash.ts";
import { type Relay, startRelay } from "./queue/relay.ts";
import { openRedis, type RedisHandle } from "./redis/client.ts";
import { careAddresses, domainAddresses, jobAddresses, routes, served } from "./routes.ts";
import { buildSchemas } from "./schema/server/schemas.ts";
import { createGraphqlServer, type Handler } from "./schema/server/server.ts";
import {
  channelSettings,
  databaseSettings,
  domainSettings,
  frontOptions,
  memberTokenSettings,
  ownOrigin,
  providerSecrets,
  queueSettings,
  redisSettings,
  webSettings,
} from "./settings.ts";
import { onPort, startFault } from "./start-fault.ts";
import { beginStart, type Starting } from "./starting.ts";
import { type Front, openFront } from "./web/front.ts";
import { realWorld, type World } from "./world.ts";

/** What tests and benches may put in the place of the real thing. */
export interface Replaceable {
  readonly world?: World;
  /** Its clock alone. */
  readonly clock?: () => number;
  readonly log?: Log;
  /** How the embedded broker calls a destination. */
  readonly deliver?: (request: Request) => Promise<Response>;
  /** Calls the start off: what it opened is closed, and it ends with a `CalledOff`. */
  readonly calledOff?: AbortSignal;
}

/** A running Fanfare. */
export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly ctx: Context;
  readonly channels: Channels;
  readonly queue: Queue;
  /** The first operator's token, told once: at the start that made it. */
  readonly adminToken: string | undefined;
  /** What happened while starting, a line each. */
  readonly notes: readonly string[];
  stop(): Promise<void>;
}

/**
 * Builds all parts, brings the database up to date, and serves. What a person can mend is a {@link SetupError}. A start
 * that fails leaves nothing running.
 */
export async function startApp(env: Env, replace: Replaceable = {}): Promise<App> {
  const starting = beginStart(replace.calledOff);
  try {
    return await start(env, replace, starting.hold);
  } catch (error) {
    await starting.undo();
    throw startFault(error, env) ?? error;
  }
}

async function start(env: Env, replace: Replaceable, hold: Starting["hold"]): Promise<App> {
  const log = replace.log ?? createLog(env.LOG_LEVEL, domains, countLostLines);
  const world = { ...(replace.world ?? realWorld), ...(replace.clock && { clock: replace.clock }) };
  const parts = await openParts(env, log, world, hold);
  const front = await hold(openDoor(env, log, world), (it) => it.stop());
  const broker = await hold(ownBroker(env, log, { ...replace, clock: world.clock }, front.url), (it) => it?.stop());
  const queue = openQueue(queueSettings(env, domains, parts.channels, { url: front.url, broker: broker?.url }), world);
  const ctx: JobContext = {
    ...world,
    memory: createMemory(),
    db: parts.db,
    redis: parts.redis.client,
    queue,
    settings: domainSettings(env, domains, parts.channels, front.url),
    domains,
    jobs,
    audience,
    rewards,
    senders: parts.channels.senders,
    sandbox: parts.channels.sandbox,
    log,
    actor: { kind: "system", job: "app" },
  };
  const onTrouble = (event: string, fields: Record<string, unknown>) => {
    countPublishFailure(event);
    log("warn", event, fields);
  };
  const relay = await hold(startRelay(parts.db, queue, onTrouble, world), (it) => it.stop());
  const adminToken = await hold(ensureAdminToken(ctx));
  front.route(addresses(env, ctx, parts.redis, front));
  const watch = await hold(watchQueue(ctx), (it) => it.stop());
  const services = beginServices(env, ctx, front.url);
  let stopped: Promise<void> | undefined;
  return {
    url: front.url,
    ctx,
    channels: parts.channels,
    queue,
    adminToken,
    notes: [parts.redis.describe, ...parts.migrated.map((name) => `migrated ${name}`)],
    stop: () => {
      stopped ??= stop({ ...parts, front, broker, relay, watch, services });
      return stopped;
    },
  };
}

/** Takes the port. */
function openDoor(env: Env, log: Log, { timers }: World): Promise<Front> {
  return onPort("PORT", env.HOST, env.PORT, () => openFront(frontOptions(env, timers), log));
}

/** Everything that this process answers. */
function addresses(env: Env, ctx: JobContext, redis: RedisHandle, front: Front): Handler {
  const { addressOf, leaving } = front;
  const limitRequest = createRequestLimit(ctx, webSettings(env).rates);
  const { signIn, handlers } = faces(env, ctx, limitRequest, front);
  return routes([
    served(handlers),
    jobAddresses(ctx, providerSecrets(env)),
    domainAddresses(ctx, domains, { limitRequest, addressOf }),
    careAddresses(ctx, { redis, dataDir: env.dataDir }, { leaving, signIn: env.production ? signIn : undefined }),
  ]);
}

interface Parts {
  readonly db: RootDatabase;
  readonly redis: RedisHandle;
  readonly channels: Channels;
  readonly migrated: readonly string[];
}

async function openParts(env: Env, log: Log, world: World, hold: Starting["hold"]): Promise<Parts> {
  const db = await hold(openDatabase(databaseSettings(env), world), (it) => it.close());
  const migrated = await hold(migrate(db, world.clock));
  const say = (line: string) => log("warn", "redis", { line });
  const redis = await hold(openRedis(redisSettings(env), world, say), (it) => it.close());
  const channels = await hold(openChannels(channelSettings(env), world), (it) => it.close());
  return { db, redis, channels, migrated };
}

/**
 * Fanfare's own broker, unless QStash is the queue: in this process, or the address of the one that `fanfare broker`
 * runs.
 */
async function ownBroker(
  env: Env,
  log: Log,
  replace: Replaceable,
  url: string,
): Promise<Pick<Broker, "url" | "stop"> | undefined> {
  if (env.QSTASH_TOKEN) return undefined;
  if (isBrokerApart(env)) return { url: `http://127.0.0.1:${env.BROKER_PORT}`, stop: async () => {} };
  return openBroker(env, log, replace, [{ origin: ownOrigin(env), receiver: url }]);
}

function isBrokerApart({ QSTASH_TOKEN, BROKER }: Env): boolean {
  return !QSTASH_TOKEN && BROKER === "own-process";
}

/** Starts the broker on the data directory's queue. Processes other than its own `receivers` announce themselves. */
export function openBroker(
  env: Env,
  log: Log,
  { deliver, clock }: Replaceable = {},
  receivers: BrokerOptions["receivers"] = [],
): Promise<Broker> {
  const started = startBroker({
    path: join(env.dataDir, "queue.db"),
    port: env.BROKER_PORT,
    token: env.secrets.brokerToken,
    currentSigningKey: env.secrets.currentSigningKey,
    nextSigningKey: env.secrets.nextSigningKey,
    receivers,
    log: (event, fields) => log(event === "clock.stepped" ? "warn" : "debug", event, fields),
    ...(deliver && { deliver }),
    ...(clock && { clock }),
  });
  return onPort("BROKER_PORT", "127.0.0.1", env.BROKER_PORT, () => started);
}

/** What operators, services and members talk to. */
function faces(env: Env, ctx: Context, limitRequest: RequestLimiter, { addressOf, streams, leaving }: Front) {
  const isProduction = env.production;
  const signIn = createSignIn({ ...ctx, members: memberTokenSettings(env), isProduction });
  const contextFor = (actor: Actor) => ({ ...ctx, actor });
  const shared = { signIn, contextFor, id: ctx.id, limitRequest, addressOf };
  const graphql = createGraphqlServer({
    ...shared,
    schemas: buildSchemas(domains),
    isProduction,
    log: ctx.log,
    examples,
    streams,
    countMutation,
  });
  const options = { ...shared, dir: join(env.dataDir, "imports"), leaving, timers: ctx.timers };
  const forFiles = Object.entries(files).map(([name, create]) => [name, create(options)] as const);
  return { signIn, handlers: { graphql: graphql.graphql, app: graphql.app, ...Object.fromEntries(forFiles) } };
}

type Stoppable = ReturnType<Service>;

/** What runs beside requests and messages. A broker that is apart is told that this process is there for it. */
function beginServices(env: Env, ctx: Context, url: string): Stoppable[] {
  const services = domains.flatMap((domain) => (domain.services ?? []).map((begin) => begin(ctx)));
  return isBrokerApart(env) ? [...services, announce(ctx.queue, url, ctx)] : services;
}

type Running = Parts & {
  front: Front;
  broker: Pick<Broker, "stop"> | undefined;
  relay: Relay;
  watch: Watch;
  services: readonly Stoppable[];
};

/** Takes nothing new, answers who was let in, lets what is under way finish, then closes what it stands on. */
async function stop(running: Running): Promise<void> {
  await running.front.leave();
  running.watch.stop();
  await Promise.all(running.services.map((service) => service.stop()));
  await running.broker?.stop();
  await running.relay.stop();
  await running.front.stop();
  await running.db.close();
  await running.redis.close();
  await running.channels.close();
}
