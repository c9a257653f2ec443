import { Client } from "@upstash/qstash";
import type { World } from "../world.ts";
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

export function openQueue(settings: QueueSettings, world: Pick<World, "timers">): Queue {
  const { url, token, currentSigningKey, nextSigningKey } = settings;
  return {
    settings,
    // The outbox relay is the one that retries, with the row as its memory; a second loop inside the SDK would only
    // hide it.
    client: new Client({ baseUrl: url, token, retry: false, enableTelemetry: false, devMode: false }),
    verifier: createVerifier({ current: currentSigningKey, next: nextSigningKey }, { url, token }, world),
    outage: undefined,
  };
}
