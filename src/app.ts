import { join } from "node:path";
import { type Actor, describeActor } from "./actor.ts";
import { type Channels, openChannels } from "./channels/index.ts";
import type { Context, Log, Service } from "./context.ts";
import { openDatabase, type RootDatabase } from "./db/client.ts";
import { type HeavyReader, openHeavyReader } from "./db/heavy/heavy-reads.ts";
import { migrate } from "./db/migrate.ts";
import { audience, domains, examples, files, jobs, rewards } from "./domains.ts";
import type { Env } from "./env.ts";
import { SetupError } from "./errors.ts";
import type { JobContext } from "./jobs/job.ts";
import { type Armed, keepArmed } from "./jobs/schedules.ts";
import { createLog } from "./log.ts";
import { createMemory } from "./memory.ts";
import { countPublishFailure } from "./operations/metrics.ts";
import { createRequestLimit } from "./operations/request-limit.ts";
import { createSignIn } from "./operations/sign-in.ts";
import { ensureAdminToken } from "./operations/token.ts";
import { type Broker, startBroker } from "./queue/broker/index.ts";
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
  heavySettings,
  memberTokenSettings,
  providerSecrets,
  queueSettings,
  redisSettings,
} from "./settings.ts";
import { type Listener, listen } from "./web/listener.ts";
import { realWorld, type World } from "./world.ts";

/** What tests and benches may put in the place of the real thing. */
export interface Replaceable {
  readonly world?: World;
  /** Its clock alone. */
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
  /** The first operator's token, told once: at the start that made it. */
  readonly adminToken: string | undefined;
  /** What happened while starting, a line each. */
  readonly notes: readonly string[];
  stop(): Promise<void>;
}

/** Builds all parts, brings the database up to date, and serves. What a person can mend is a {@link SetupError}. */
export async function startApp(env: Env, replace: Replaceable = {}): Promise<App> {
  try {
    return await start(env, replace);
  } catch (error) {
    throw faultOfTheMachine(error, env) ?? error;
  }
}

async function start(env: Env, replace: Replaceable): Promise<App> {
  const log = replace.log ?? createLog(env.LOG_LEVEL, domains);
  const world = { ...(replace.world ?? realWorld), ...(replace.clock && { clock: replace.clock }) };
  const parts = await openParts(env, log, world);
  const listener = listen({ host: env.HOST, port: env.PORT }, log);
  const broker = await ownBroker(env, log, { ...replace, clock: world.clock });
  const queue = openQueue(
    queueSettings(env, domains, parts.channels, { url: listener.url, broker: broker?.url }),
    world,
  );
  const ctx: JobContext = {
    ...world,
    memory: createMemory(),
    db: parts.db,
    heavy: parts.heavy.of({ name: "system" }),
    redis: parts.redis.client,
    queue,
    settings: domainSettings(env, domains, parts.channels, listener.url),
    domains,
    jobs,
    audience,
    rewards,
    senders: parts.channels.senders,
    sandbox: parts.channels.sandbox,
    log,
    actor: { kind: "system", job: "app" },
  };
  const relay = startRelay(parts.db, queue, troubleTo(log), world);
  const adminToken = await ensureAdminToken(ctx);
  listener.route(addresses(env, ctx, parts));
  const armed = await keepArmed(ctx);
  const services = domains.flatMap((domain) => (domain.services ?? []).map((begin) => begin(ctx)));
  return {
    url: listener.url,
    ctx,
    channels: parts.channels,
    queue,
    adminToken,
    notes: [parts.redis.describe, ...parts.migrated.map((name) => `migrated ${name}`)],
    stop: () => stop({ ...parts, listener, broker, relay, armed, services }),
  };
}

function troubleTo(log: Log) {
  return (event: string, fields: Record<string, unknown>) => {
    countPublishFailure(event);
    log("warn", event, fields);
  };
}

/** Everything that this process answers. */
function addresses(env: Env, ctx: JobContext, { redis, heavy }: Pick<Parts, "redis" | "heavy">): Handler {
  const { signIn, handlers } = faces(env, ctx, heavy);
  return routes([
    served(handlers),
    jobAddresses(ctx, providerSecrets(env)),
    domainAddresses(ctx, domains),
    careAddresses(ctx, redis, env.production ? signIn : undefined),
  ]);
}

/** A port that is taken, a disk that is full, a file that is damaged: in a line, with what to do. */
function faultOfTheMachine(error: unknown, { PORT, HOST, dataDir }: Env): SetupError | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") return new SetupError(`${HOST}:${PORT} is in use; stop what listens there, or set PORT.`);
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    return new SetupError(`A database in ${dataDir} is damaged (${code}); restore the directory from a backup.`);
  }
  if (/^(EACCES|EROFS|ENOSPC|SQLITE_(FULL|READONLY|CANTOPEN|PERM|IOERR)).*$/.test(code)) {
    return new SetupError(`${dataDir} cannot be written (${code}); is the disk full, or another user's?`);
  }
  return undefined;
}

interface Parts {
  readonly db: RootDatabase;
  readonly heavy: HeavyReader;
  readonly redis: RedisHandle;
  readonly channels: Channels;
  readonly migrated: readonly string[];
}

async function openParts(env: Env, log: Log, world: World): Promise<Parts> {
  const db = await openDatabase(databaseSettings(env), world);
  const migrated = await migrate(db, world.clock);
  const onGone = (error: Error) => log("warn", "reader.gone", { error });
  const heavy = openHeavyReader(databaseSettings(env), db, heavySettings(env), { timers: world.timers, onGone });
  const redis = await openRedis(redisSettings(env), world, (line) => log("warn", "redis", { line }));
  return { db, heavy, redis, channels: openChannels(channelSettings(env), world), migrated };
}

/**
 * Fanfare's own broker, unless QStash is the queue: in this process, or the address of the one that `fanfare broker`
 * runs.
 */
async function ownBroker(env: Env, log: Log, replace: Replaceable): Promise<Pick<Broker, "url" | "stop"> | undefined> {
  if (env.QSTASH_TOKEN) return undefined;
  if (env.BROKER === "own-process") return { url: `http://127.0.0.1:${env.BROKER_PORT}`, stop: async () => {} };
  return openBroker(env, log, replace);
}

/** Starts the broker on the data directory's queue. */
export function openBroker(env: Env, log: Log, { deliver, clock }: Replaceable = {}): Promise<Broker> {
  return startBroker({
    path: join(env.dataDir, "queue.db"),
    port: env.BROKER_PORT,
    token: env.secrets.brokerToken,
    currentSigningKey: env.secrets.currentSigningKey,
    nextSigningKey: env.secrets.nextSigningKey,
    log: (event, fields) => log("debug", event, fields),
    ...(deliver && { deliver }),
    ...(clock && { clock }),
  });
}

/** What operators, services and members talk to. */
function faces(env: Env, ctx: Context, heavy: HeavyReader) {
  const signIn = createSignIn({ ...ctx, members: memberTokenSettings(env) });
  const contextFor = (actor: Actor, signal?: AbortSignal) => {
    return { ...ctx, actor, heavy: heavy.of({ name: describeActor(actor), signal }) };
  };
  const graphql = createGraphqlServer({
    schemas: buildSchemas(domains),
    signIn,
    contextFor,
    id: ctx.id,
    isProduction: env.production,
    log: ctx.log,
    examples,
    limitRequest: createRequestLimit(ctx),
    ...(env.TRUST_PROXY && { addressOf: forwardedAddress }),
  });
  const options = { signIn, contextFor, id: ctx.id, dir: join(env.dataDir, "imports") };
  const forFiles = Object.entries(files).map(([name, create]) => [name, create(options)] as const);
  return { signIn, handlers: { graphql: graphql.graphql, app: graphql.app, ...Object.fromEntries(forFiles) } };
}

/** The caller as the proxy in front of us names it: the last entry is the one that the proxy itself wrote. */
function forwardedAddress(request: Request): string {
  return request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() || "unknown";
}

type Stoppable = ReturnType<Service>;

type Running = Parts & {
  listener: Listener;
  broker: Pick<Broker, "stop"> | undefined;
  relay: Relay;
  armed: Armed;
  services: readonly Stoppable[];
};

/** Takes nothing new, lets what is under way finish, then closes what it stands on. */
async function stop(running: Running): Promise<void> {
  running.armed.stop();
  await Promise.all(running.services.map((service) => service.stop()));
  await running.broker?.stop();
  await running.relay.stop();
  await running.listener.stop();
  await running.heavy.close();
  await running.db.close();
  await running.redis.close();
  await running.channels.close();
}
