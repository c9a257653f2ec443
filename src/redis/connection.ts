import type { Timer, Timers } from "../world.ts";
import { type Command, openSocket, RedisAway, type RedisSocket } from "./socket.ts";

/** One connection to a Redis that mends itself; while Redis is away every command fails at once. */
export interface Connection {
  /** Sends one command. Rejects with {@link RedisAway} for an outage, with Redis's own error otherwise. */
  send(command: string, args: string[]): Promise<unknown>;
  /** Sends commands with nothing in between, on one socket: all of them or none. */
  sendAll(commands: readonly Command[]): Promise<unknown>[];
  /** Gives the present socket up, for one in a known state. */
  renew(why: string): void;
  close(): void;
}

/** Hears, in one line, of an outage, its end, or a script that failed. */
export type Report = (line: string) => void;

const backoff = { firstMs: 20, maxMs: 2_000, steadyAfterMs: 5_000 };

/**
 * Waits for the first attempt, which may fail: the connection goes on trying by itself.
 * `locate` is asked for the URL before every attempt, so it is the place to start a server.
 */
export async function connect(locate: () => Promise<string>, timers: Timers, report: Report): Promise<Connection> {
  let live: RedisSocket | undefined;
  let closed = false;
  let outage: string | undefined;
  let retryMs = 0;
  let timer: Timer | undefined;

  async function attempt(): Promise<void> {
    try {
      const socket = await openSocket(await locate(), timers);
      if (closed) return socket.drop("closed");
      live = socket;
      if (outage) report(`Redis is back (it was away: ${outage})`);
      outage = undefined;
      const since = timers.now();
      void socket.lost.then((why) => {
        if (timers.now() - since > backoff.steadyAfterMs) retryMs = 0;
        again(why);
      });
    } catch (fault) {
      again(fault instanceof Error ? fault.message : String(fault));
    }
  }

  function again(why: string): void {
    live = undefined;
    if (closed) return;
    if (!outage) report(`Redis is away, Fanfare runs slower: ${why}`);
    outage = why;
    timer = timers.after(retryMs, attempt);
    retryMs = Math.min(backoff.maxMs, Math.max(backoff.firstMs, retryMs * 2));
  }

  const away = () => Promise.reject(new RedisAway(`Redis is away: ${outage ?? "closed"}`));

  await attempt();
  return {
    send: (command, args) => (live ? live.send(command, args) : away()),
    sendAll: (commands) => (live ? live.sendAll(commands) : commands.map(away)),
    renew: (why) => live?.drop(why),
    close() {
      closed = true;
      timer?.stop();
      live?.drop("closed");
    },
  };
}
