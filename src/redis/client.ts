import { Redis } from "@upstash/redis";
import type { Timers, World } from "../world.ts";
import { connect, type Report } from "./connection.ts";
import { respClient } from "./resp-client.ts";
import { openRest } from "./rest.ts";
import { forgetFailures, watchFailures } from "./script.ts";
import { manageServer } from "./server.ts";

/** Where Redis is: Upstash's REST, a Redis by URL, a `redis-server` child of ours, or nowhere. */
export type RedisSettings =
  | { readonly kind: "rest"; readonly url: string; readonly token: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "managed"; readonly dataDir: string }
  | { readonly kind: "none" };

/** What the connection takes from the world: its pauses, and the name of a server of its own. */
export type RedisWorld = Pick<World, "id" | "timers">;

/** An opened Redis, or the knowledge that there is none. */
export interface RedisHandle {
  /** Undefined when there is no Redis; a Redis that is merely away keeps its client, which mends itself. */
  readonly client: Redis | undefined;
  /** One line for the start-up log. */
  readonly describe: string;
  /** Closes the connection, and stops the child when there is one. */
  close(): Promise<void>;
  /** Whether Redis answers a PING within a second. */
  healthy(): Promise<boolean>;
}

/**
 * Opens Redis as the settings say. Never throws for a Redis that does not answer: Fanfare runs without,
 * slower, and the client comes back by itself. No command waits longer than about a second.
 */
export async function openRedis(
  settings: RedisSettings,
  world: RedisWorld,
  listener: Report = () => {},
): Promise<RedisHandle> {
  const { timers } = world;
  const report = harmless(listener);
  switch (settings.kind) {
    case "rest": {
      const client = openRest(settings, timers, report);
      return handle(client, `Upstash over REST at ${hostOf(settings.url)}`, timers, report);
    }
    case "url": {
      const connection = await connect(async () => settings.url, timers, report);
      const client = new Redis(respClient(connection));
      return handle(client, `${hostOf(settings.url)}`, timers, report, async () => connection.close());
    }
    case "managed":
      return openManaged(settings.dataDir, world, report);
    case "none":
      return absent("none is configured");
  }
}

/** Whoever hears of Redis cannot stop it from coming back. */
function harmless(listener: Report): Report {
  return (line) => {
    try {
      listener(line);
    } catch {
      // it was only told
    }
  };
}

async function openManaged(dataDir: string, world: RedisWorld, report: Report): Promise<RedisHandle> {
  const program = Bun.which("redis-server");
  if (!program) return absent("there is no redis-server on the PATH");
  const server = await manageServer(dataDir, program, world);
  const connection = await connect(server.ensure, world.timers, report);
  const close = async () => {
    connection.close();
    await server.stop();
  };
  return handle(new Redis(respClient(connection)), "a redis-server child of Fanfare", world.timers, report, close);
}

async function handle(
  client: Redis,
  where: string,
  timers: Timers,
  report: Report,
  close = async () => {},
): Promise<RedisHandle> {
  watchFailures(client, timers, report);
  const healthy = () =>
    client.ping().then(
      (answer) => answer === "PONG",
      () => false,
    );
  const away = (await healthy()) ? "" : ", which does not answer: Fanfare runs slower until it does";
  const closed = () => {
    forgetFailures(client);
    return close();
  };
  return { client, describe: `Redis: ${where}${away}`, close: closed, healthy };
}

function absent(why: string): RedisHandle {
  return {
    client: undefined,
    describe: `Redis: none, because ${why}; Fanfare runs without it, slower`,
    close: async () => {},
    healthy: async () => false,
  };
}

/** The address without its credentials. */
function hostOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.host ? "" : parsed.pathname}` : "an unreadable URL";
}
