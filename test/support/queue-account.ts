import { realWorld, type World } from "../../src/world.ts";
import { broker, keys, type Started, token } from "../queue/broker/support.ts";

/** A request that was made of the queue. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A queue that several installations share, as they share an account at QStash. */
export interface QueueAccount extends Started {
  /** What each installation is to have in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything that was asked of it by that environment's address. */
  readonly asked: Asked[];
  close(): void;
}

/** A broker behind an address that writes down what it is asked. */
export async function openAccount(): Promise<QueueAccount> {
  const started = await broker();
  const asked: Asked[] = [];
  const front = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const { method, headers, url } = request;
      const path = url.slice(front.url.origin.length);
      const body = await request.text();
      asked.push({ method, path, headers: new Headers(headers), body });
      return fetch(started.url + path, { method, headers, body: method === "GET" ? null : body });
    },
  });
  const env = {
    QSTASH_URL: front.url.origin,
    QSTASH_TOKEN: token,
    QSTASH_CURRENT_SIGNING_KEY: keys.currentSigningKey,
    QSTASH_NEXT_SIGNING_KEY: keys.nextSigningKey,
  };
  return { ...started, env, asked, close: () => void front.stop(true) };
}

/** The real world, but that what recurs every ten seconds or more comes a hundred times as often. */
export const hurriedWorld: World = {
  ...realWorld,
  timers: {
    ...realWorld.timers,
    every: (ms, run) => realWorld.timers.every(ms < 10_000 ? ms : ms / 100, run),
  },
};
