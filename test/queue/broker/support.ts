import { join } from "node:path";
import { Client } from "@upstash/qstash";
import { type Broker, type BrokerOptions, startBroker } from "../../../src/queue/broker/index.ts";
import type { Store } from "../../../src/queue/broker/store/store.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";

export const token = "token-of-the-test";
export const keys = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };

/** One delivery as the destination saw it. */
export interface Delivery {
  readonly url: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly at: number;
}

export interface Destination {
  readonly url: string;
  readonly deliveries: Delivery[];
  to(path: string): Delivery[];
  /** The first delivery, once it is there. */
  first(): Promise<Delivery>;
}

const stops: (() => unknown)[] = [];

/** Stops whatever the test started, last first. */
export async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

/** A real HTTP server that keeps what it gets; `answer` decides, 200 unless told otherwise. */
export function destination(
  answer: (delivery: Delivery, nth: number) => Response | Promise<Response> = () => new Response("ok"),
): Destination {
  const deliveries: Delivery[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const path = pathname + search;
      const { url, method, headers } = request;
      const delivery = { url, path, method, headers, body: await request.text(), at: Date.now() };
      deliveries.push(delivery);
      return answer(delivery, deliveries.filter((one) => one.path === path).length);
    },
  });
  stops.push(() => server.stop(true));
  return {
    url: `http://127.0.0.1:${server.port}`,
    deliveries,
    async first() {
      await until(() => deliveries.length > 0, undefined, "a delivery");
      return deliveries[0]!;
    },
    to: (path) => deliveries.filter((one) => one.path === path),
  };
}

export interface Started extends Broker {
  readonly client: Client;
  readonly path: string;
  /** What the broker logged, e.g. `broker.dead`. */
  readonly events: string[];
  /** Moves the broker's clock on. */
  pass(ms: number): void;
  /** The protocol without the SDK, for what the SDK would not send. */
  call(method: string, path: string, init?: { headers?: Record<string, string>; body?: BodyInit }): Promise<Response>;
}

/** A broker on a file of its own (or `path`), whose clock runs on and can be moved. */
export async function broker(options: Partial<BrokerOptions> = {}): Promise<Started> {
  const path = options.path ?? join(tempDir(), "queue.db");
  let moved = 0;
  const clock = () => Date.now() + moved;
  const events: string[] = [];
  const log = (event: string) => events.push(event);
  const started = await startBroker({ port: 0, token, ...keys, clock, log, ...options, path });
  stops.push(() => started.stop());
  return {
    ...started,
    path,
    events,
    client: new Client({ baseUrl: started.url, token, retry: false, enableTelemetry: false }),
    pass: (ms) => {
      moved += ms;
    },
    call: (method, where, init) =>
      fetch(`${started.url}${where}`, {
        method,
        body: init?.body ?? null,
        headers: { authorization: `Bearer ${token}`, ...init?.headers },
      }),
  };
}

/** Writes a message that waits into a broker's file, without a broker. */
export function put(store: Store, id: string): void {
  const what = {
    url: "http://shop.test/",
    method: "POST",
    header: "{}",
    body: Buffer.from("x"),
    retries: 0,
    lane: "x",
  };
  const none = {
    label: null,
    flow: null,
    schedule: null,
    queue: null,
    slot: null,
    topic: null,
    ip: null,
    extras: null,
  };
  store.insert({ seq: store.nextSeq(), id, due: 1, created: 1, starts: 1, wait: null, ...what, ...none });
}
