import { join } from "node:path";
import { type Actor, describeActor } from "./actor.ts";
import type { Channels } from "./channels/index.ts";
import type { Context, Log, Service } from "./context.ts";
import { audience, domains, examples, files, jobs, newest, rewards } from "./domains.ts";
import type { Env } from "./env.ts";
import type { JobContext } from "./jobs/job.ts";
import { type Watch, watchQueue } from "./jobs/watch.ts";
import { createLog } from "./log.ts";
import { createMemory } from "./memory.ts";
import { countDocument, countLostLines, countMutation, countPublishFailure } from "./operations/metrics.ts";
import { createRequestLimit, type RequestLimiter } from "./operations/request-limit.ts";
import { createSignIn } from "./operations/sign-in.ts";
import { ensureAdminToken } from "./operations/token.ts";
import { type BrokerReplaceable, isBrokerApart, ownBroker } from "./own-broker.ts";
import { openParts, type Parts } from "./parts.ts";
import { announce } from "./queue/announce.ts";
import type { Broker } from "./queue/broker/index.ts";
import { openQueue, type Queue } from "./queue/qstash.ts";
import { type Relay, startRelay } from "./queue/relay.ts";
import { careAddresses, domainAddresses, jobAddresses, routes, served } from "./routes.ts";
import { buildSchemas } from "./schema/server/schemas.ts";
import { createGraphqlServer, type TrustedOptions } from "./schema/server/server.ts";
import {
  documentSettings,
  domainSettings,
  frontOptions,
  memberTokenSettings,
  providerSecrets,
  queueSettings,
  webSettings,
} from "./settings.ts";
import { onPort, startFault } from "./start-fault.ts";
import { beginStart, type Starting } from "./starting.ts";
import { type Front, openFront } from "./web/front.ts";
import { realWorld, type World } from "./world.ts";

/** What tests and benches may put in the place of the real thing. */
export interface Replaceable extends BrokerReplaceable {
  readonly world?: World;
  readonly log?: Log;
  /** Trusted documents in the place of the environment's. */
  readonly trusted?: TrustedOptions | undefined;
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
  const broker = await hold(ownBroker(env, log, forBroker(replace), front.url), (it) => it?.stop());
  const queue = openQueue(queueSettings(env, domains, parts.channels, { url: front.url, broker: broker?.url }), world);
  const ctx: JobContext = {
    ...world,
    memory: createMemory(),
    db: parts.db,
    heavy: parts.heavy.of({ name: "system" }),
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
  const relay = await hold(startRelay(parts.db, queue, troubleTo(log), world), (it) => it.stop());
  const adminToken = await hold(ensureAdminToken(ctx));
  const trusted = replace.trusted ?? documentSettings(env);
  await takePort(env, () => front.route(addresses(env, ctx, { ...parts, front, trusted })));
  const watch = await hold(watchQueue(ctx), (it) => it.stop());
  const services = beginServices(env, ctx, front.ownUrl);
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

/** The real clock is not handed on: one that is given may be moved, and the broker looks at it 50 times a second. */
function forBroker({ deliver, ...replace }: Replaceable): BrokerReplaceable {
  const clock = replace.clock ?? replace.world?.clock;
  return { ...(deliver && { deliver }), ...(clock && { clock }) };
}

function openDoor(env: Env, log: Log, { timers }: World): Promise<Front> {
  return takePort(env, () => openFront(frontOptions(env, timers), log));
}

/** Takes the port: before anything else, or with the routes where it is shared. */
function takePort<Taken>(env: Env, take: () => Taken): Promise<Taken> {
  return onPort("PORT", env.HOST, env.PORT, take);
}

function troubleTo(log: Log) {
  return (event: string, fields: Record<string, unknown>) => {
    countPublishFailure(event);
    log("warn", event, fields);
  };
}

/** Everything that this process answers. */
function addresses(env: Env, ctx: JobContext, { redis, heavy, front, trusted }: Speaking) {
  const { addressOf, leaving } = front;
  const limitRequest = createRequestLimit(ctx, webSettings(env).rates);
  const { signIn, handlers } = faces(env, ctx, { limitRequest, heavy, front, trusted });
  return routes([
    served(handlers),
    jobAddresses(ctx, providerSecrets(env)),
    domainAddresses(ctx, domains, { limitRequest, addressOf }),
    careAddresses(ctx, { redis, dataDir: env.dataDir }, { leaving, signIn: env.production ? signIn : undefined }),
  ]);
}

interface Speaking extends Pick<Parts, "redis" | "heavy"> {
  readonly front: Front;
  readonly trusted: TrustedOptions | undefined;
}

type Facing = Omit<Speaking, "redis"> & { readonly limitRequest: RequestLimiter };

/** What operators, services and members talk to. */
function faces(env: Env, ctx: Context, { limitRequest, heavy, front, trusted }: Facing) {
  const { addressOf, streams, leaving } = front;
  const isProduction = env.production;
  const signIn = createSignIn({ ...ctx, members: memberTokenSettings(env), isProduction });
  const contextFor = (actor: Actor, request?: Pick<Request, "signal">) => ({
    ...ctx,
    actor,
    // Made out when somebody asks for much: hardly any request does.
    heavy: heavy.of({
      get name() {
        return describeActor(actor);
      },
      get signal() {
        return request?.signal;
      },
    }),
  });
  const shared = { signIn, contextFor, id: ctx.id, limitRequest, addressOf };
  const graphql = createGraphqlServer({
    ...shared,
    schemas: buildSchemas(domains),
    isProduction,
    log: ctx.log,
    examples,
    newest,
    streams,
    countMutation,
    ...(trusted && { trusted: { count: countDocument, ...trusted } }),
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
  await running.heavy.close();
  await running.db.close();
  await running.redis.close();
  await running.channels.close();
}
