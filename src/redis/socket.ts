import { RedisClient } from "bun";
import type { Timer, Timers } from "../world.ts";

/** One socket to Redis, from its opening to its loss; every wait on it is bounded. */
export interface RedisSocket {
  send(command: string, args: string[]): Promise<unknown>;
  /** Sends commands with nothing in between: all of them, or, where so many may not wait, none. */
  sendAll(commands: readonly Command[]): Promise<unknown>[];
  drop(why: string): void;
  /** Resolves with the reason when the socket is lost or dropped. */
  readonly lost: Promise<string>;
}

/** A command's name and its arguments. */
export type Command = readonly [string, ...string[]];

/** Redis is not there, or did not answer in time: the command may or may not have run. */
export class RedisAway extends Error {
  override readonly name = "RedisAway";
}

const defaultTimeoutMs = 1_000;
const maxWaiting = 20_000;

/** Opens a socket and makes it speak RESP2, in which maps arrive as the flat pairs that @upstash/redis expects. */
export async function openSocket(url: string, timers: Timers, timeoutMs = defaultTimeoutMs): Promise<RedisSocket> {
  const client = new RedisClient(url, {
    autoReconnect: false,
    enableOfflineQueue: false,
    connectionTimeout: timeoutMs,
  });
  const lost = Promise.withResolvers<string>();
  const drop = (why: string) => {
    lost.resolve(why);
    client.close();
  };
  client.onclose = () => lost.resolve("the connection was closed");
  const watch = watchAnswers(timers, timeoutMs, () => drop(`no answer within ${timeoutMs} ms`));

  const isRoomFor = (commands: number) => watch.waiting() + commands <= maxWaiting;
  const noRoom = () => Promise.reject(new RedisAway(`${maxWaiting} commands wait already`));

  function sendOne(command: string, args: string[]): Promise<unknown> {
    const ticket = watch.enter();
    return client.send(command, args).then(
      (answer) => {
        watch.leave(ticket);
        return answer;
      },
      (fault) => {
        watch.leave(ticket);
        throw isReply(fault) ? fault : new RedisAway(fault.message);
      },
    );
  }

  function send(command: string, args: string[]): Promise<unknown> {
    return isRoomFor(1) ? sendOne(command, args) : noRoom();
  }

  function sendAll(commands: readonly Command[]): Promise<unknown>[] {
    const isRoom = isRoomFor(commands.length);
    return commands.map(([command, ...args]) => (isRoom ? sendOne(command, args) : noRoom()));
  }

  try {
    await client.connect();
    await send("HELLO", ["2"]);
  } catch (fault) {
    drop("it never opened");
    throw new RedisAway(`it could not be opened (${messageOf(fault)}): is the address right, and the password?`);
  }
  return { send, sendAll, drop, lost: lost.promise };
}

/** Whether an error is Redis's own answer, and the connection is well. */
export function isReply(fault: unknown): fault is Error {
  return fault instanceof Error && "code" in fault && fault.code === "ERR_REDIS_SERVER_ERROR";
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

/** Calls `overdue` when the oldest command has waited too long; one timer for all of them. */
function watchAnswers(timers: Timers, timeoutMs: number, overdue: () => void) {
  const sentAt = new Map<number, number>();
  let tickets = 0;
  let timer: Timer | undefined;
  let suspect: number | undefined;

  function check(): void {
    timer = undefined;
    const [oldest] = sentAt;
    if (!oldest) return;
    const [ticket, at] = oldest;
    const left = at + timeoutMs - timers.now();
    if (left > 0) wake(left);
    else if (suspect === ticket) overdue();
    else {
      // Our own event loop may have been the one that stood still: let it read the socket once before judging.
      suspect = ticket;
      wake(50);
    }
  }

  function wake(ms: number): void {
    timer = timers.after(ms, check);
  }

  return {
    waiting: () => sentAt.size,
    enter() {
      const ticket = ++tickets;
      sentAt.set(ticket, timers.now());
      if (!timer) wake(timeoutMs);
      return ticket;
    },
    leave: (ticket: number) => sentAt.delete(ticket),
  };
}
