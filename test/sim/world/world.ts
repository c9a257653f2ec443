import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context, Log } from "../../../src/context.ts";
import { createLog } from "../../../src/log.ts";
import { writeMigrated } from "../../support/database.ts";
import { tempDir } from "../../support/temp.ts";
import { type Chance, chanceOf } from "../kernel/chance.ts";
import { writeOn } from "../kernel/disk.ts";
import { Engine } from "../kernel/engine.ts";
import { type Machine, runOn } from "../kernel/globals.ts";
import { Network } from "../kernel/network.ts";
import { redisHost, redisToken, type VirtualRedis, virtualRedis } from "../kernel/redis.ts";
import { type Boundaries, createBoundaries } from "./boundaries.ts";
import { type Caller, callerOf, memberSecret, memberToken } from "./caller.ts";
import { type FullTemplates, watchTemplates } from "./full-templates.ts";
import { createProcess, type Process } from "./process.ts";
import { openProviders, type Providers } from "./providers.ts";
import { createStory, type Story } from "./story.ts";
import { createWeather, type Weather } from "./weather.ts";

/** Everything that there is in a simulated world: what actors act on, faults disturb and checkers look at. */
export interface World {
  readonly seed: number;
  readonly engine: Engine;
  readonly network: Network;
  readonly redis: VirtualRedis;
  readonly process: Process;
  readonly providers: Providers;
  /** What befalls calls. */
  readonly weather: Weather;
  /** Where the process can be struck. */
  readonly boundaries: Boundaries;
  readonly story: Story;
  /** The file of the shop's database. */
  readonly file: string;
  /** When nothing was left of templates. */
  readonly full: FullTemplates;
  /** What the shop's clock is off by, ms. */
  skewMs: number;
  /** When that became what, since the beginning. */
  readonly skews: readonly { readonly at: number; readonly ms: number }[];
  /** Epoch ms, as the world has it: right, whatever the shop's clock says. */
  now(): number;
  /** Chance of its own for a subject. */
  chance(subject: string): Chance;
  /** The context of the running process, for those who look at rows; undefined while there is none. */
  readonly ctx: Context | undefined;
  /** The first operator, an admin. */
  readonly admin: Caller;
  /** A member's app, by external id. */
  member(externalId: string): Caller;
  /** Somebody with a token of their own. */
  holder(token: string): Caller;
  /** What somebody knows, made when it is first asked for: a place for what actors and checkers share. */
  known<Known>(make: () => Known): Known;
  /** Log lines of level error. */
  readonly errors: string[];
}

/** When every history begins: a winter's Friday, so that weeks, months and zones turn soon. */
const beginning = Date.UTC(2027, 0, 29, 6);

export interface WorldOptions {
  readonly seed: number;
  readonly redis: Bun.RedisClient;
}

/** Makes a world in which nothing has happened yet, and makes it the one that this JavaScript runs in. */
export async function createWorld({ seed, redis: connection }: WorldOptions): Promise<World> {
  const dataDir = tempDir();
  await writeMigrated(join(dataDir, "fanfare.db"));
  writeFileSync(join(dataDir, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  const engine = new Engine();
  const weather = createWeather(chanceOf(seed, "weather"));
  const network = new Network(engine, weather.fateOf);
  let skewMs = 0;
  const skews = [{ at: 0, ms: 0 }];
  // A clock tells whole milliseconds; timers may be set to parts of one.
  const now = () => beginning + Math.floor(engine.elapsed);
  const machine: Machine = { engine, network, chance: chanceOf(seed, "machine"), clock: () => now() + skewMs };
  const redis = virtualRedis(engine, connection);
  await connection.send("FLUSHALL", []);
  await connection.send("SCRIPT", ["FLUSH"]);
  network.host(redisHost, redis.handler);
  runOn(machine);
  const providers = openProviders(machine);
  const story = createStory(now);
  const errors: string[] = [];
  const write = createLog("info", [], () => {}, { write: () => boundaries.isLogFull && noSpace() });
  const log: Log = (level, event, fields) => {
    write(level, event, fields);
    if (level !== "error") return;
    errors.push(`${event} ${JSON.stringify(fields, plain)}`);
    story.say(`the shop's log: ${event}`);
  };
  const env = {
    LOG_LEVEL: "error",
    READERS: "0",
    UPSTASH_REDIS_REST_URL: `https://${redisHost}`,
    UPSTASH_REDIS_REST_TOKEN: redisToken,
    MEMBER_JWT_SECRET: memberSecret,
    ...settings,
    ...providers.env,
  };
  const process = createProcess({ machine, dataDir, env, log, say: story.say });
  const boundaries = createBoundaries(process, network, writeOn);
  const file = join(dataDir, "fanfare.db");
  const full = watchTemplates(file, engine);
  boundaries.onCommitted = full.look;
  const memory = new Map<unknown, unknown>();
  const graphql = `${process.url}/graphql`;
  return {
    seed,
    engine,
    network,
    redis,
    process,
    providers,
    weather,
    boundaries,
    story,
    file,
    full,
    errors,
    get skewMs() {
      return skewMs;
    },
    set skewMs(ms) {
      skewMs = ms;
      skews.push({ at: engine.elapsed, ms });
    },
    skews,
    now,
    chance: (subject) => chanceOf(seed, subject),
    get ctx() {
      return process.ctx;
    },
    admin: callerOf({ machine, url: graphql, token: () => process.adminToken }),
    holder: (token) => callerOf({ machine, url: graphql, token: () => token }),
    member: (externalId) =>
      callerOf({ machine, url: `${process.url}/app`, token: () => memberToken(externalId, machine.clock()) }),
    known: <Known>(make: () => Known) => {
      if (!memory.has(make)) memory.set(make, make());
      return memory.get(make) as Known;
    },
  };
}

/** Small pages, small batches, short leases: much happens with few members. */
const settings = {
  PAGE_SIZE: "20",
  BATCH_WINDOW: "4",
  LEASE_SECONDS: "5",
  APPROVAL_ABOVE: "50",
  DISTRIBUTION_APPROVAL_SIZE: "30",
  IN_FLIGHT_PER_ADDRESS: "100000",
  RATE_APP_ADDRESS: "100000/10",
  RATE_GRAPHQL_TOKEN: "100000/10",
};

const secret = (of: string) => of.padEnd(43, "x");
const secrets = {
  linkSecret: secret("link"),
  memberJwtSecret: secret("jwt"),
  codeSecret: secret("code"),
  brokerToken: secret("broker"),
  currentSigningKey: `sig_${secret("current")}`,
  nextSigningKey: `sig_${secret("next")}`,
};

/** What a stream says whose disk is full. */
function noSpace(): never {
  throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack;
  return typeof value === "bigint" ? String(value) : value;
}
