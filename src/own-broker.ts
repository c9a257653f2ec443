import { join } from "node:path";
import type { Log } from "./context.ts";
import type { Env } from "./env.ts";
import { type Broker, type BrokerOptions, startBroker } from "./queue/broker/index.ts";
import { ownOrigin } from "./settings.ts";
import { onPort } from "./start-fault.ts";

/** What tests and benches may put in the place of the real thing. */
export interface BrokerReplaceable {
  /** How destinations are called. */
  readonly deliver?: (request: Request) => Promise<Response>;
  readonly clock?: () => number;
}

/**
 * Fanfare's own broker, unless QStash is the queue: in this process, or the address of the one that `fanfare broker`
 * runs.
 */
export async function ownBroker(
  env: Env,
  log: Log,
  replace: BrokerReplaceable,
  url: string,
): Promise<Pick<Broker, "url" | "stop"> | undefined> {
  if (env.QSTASH_TOKEN) return undefined;
  if (isBrokerApart(env)) return { url: `http://127.0.0.1:${env.BROKER_PORT}`, stop: async () => {} };
  return openBroker(env, log, replace, [{ origin: ownOrigin(env), receiver: url }]);
}

/** Whether the broker runs in a process of its own, which is not this one. */
export function isBrokerApart({ QSTASH_TOKEN, BROKER }: Env): boolean {
  return !QSTASH_TOKEN && BROKER === "own-process";
}

/** Starts the broker on the data directory's queue. Processes other than its own `receivers` announce themselves. */
export function openBroker(
  env: Env,
  log: Log,
  { deliver, clock }: BrokerReplaceable = {},
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
