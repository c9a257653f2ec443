import { Client } from "@upstash/qstash";
import type { Timers, World } from "../world.ts";
import { createVerifier, type Verifier } from "./verifier.ts";

/** How to reach the queue: QStash itself, or the embedded broker, which speaks the same protocol. */
export interface QueueSettings {
  readonly url: string;
  readonly token: string;
  readonly currentSigningKey: string;
  readonly nextSigningKey: string;
  /** What tells this installation's names in the queue from those of others. */
  readonly installation: string;
  /**
   * Where the queue finds our jobs, without a trailing slash, e.g. `https://fanfare.example/jobs`. The address is the
   * installation's: whatever becomes of this process, another may answer there.
   */
  readonly jobsUrl: string;
  /**
   * Where this process alone is found, where that is another address: what earlier versions gave the queue is for
   * there.
   */
  readonly ownUrl?: string | undefined;
  /** How often the queue tries a message again before it is dead, at most. */
  readonly retries: number;
  /**
   * Flow-control values by key; `a.1` and `a.2` are two keys with the value of `a`. A key without one travels
   * unlimited.
   */
  readonly flows: Readonly<Record<string, Flow>>;
}

export interface Flow {
  readonly parallelism: number;
  readonly ratePerSecond?: number;
}

/** The queue as the rest of Fanfare sees it. */
export interface Queue {
  readonly settings: QueueSettings;
  readonly client: Client;
  readonly verifier: Verifier;
  /** Why this process's relay publishes nothing, while it does not. */
  outage: Outage | undefined;
}

export interface Outage {
  readonly error: string;
  /** When the queue is asked again (ms). */
  readonly until: number;
}

/** So long the queue may take to answer, ms. */
const answerMs = 15_000;

export function openQueue(settings: QueueSettings, world: Pick<World, "timers">): Queue {
  const { url, token, currentSigningKey, nextSigningKey } = settings;
  // The outbox relay is the one that retries, with the row as its memory; a second loop inside the SDK would only
  // hide it.
  const client = new Client({ baseUrl: url, token, retry: false, enableTelemetry: false, devMode: false });
  return {
    settings,
    client: patientFor(answerMs, client, world.timers),
    verifier: createVerifier({ current: currentSigningKey, next: nextSigningKey }, { url, token }, world),
    outage: undefined,
  };
}

/**
 * Has a client wait for its answers no longer than so many ms: a connection that died without a word, as behind a
 * firewall, would keep whoever asked, and all that waits behind them, for as long as the process lives.
 */
function patientFor(ms: number, client: Client, timers: Timers): Client {
  const { http } = client;
  const ask = http.request.bind(http);
  http.request = async (request) => {
    const { promise: overdue, reject } = Promise.withResolvers<never>();
    const late = new DOMException(`the queue did not answer within ${ms / 1_000} s`, "TimeoutError");
    const timer = timers.after(ms, () => reject(late));
    try {
      return await Promise.race([ask<never>(request), overdue]);
    } finally {
      timer.stop();
    }
  };
  return client;
}
