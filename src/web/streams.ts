import type { Timer, Timers } from "../world.ts";

/** Why a stream is ended from here, or not opened: for whoever listens. */
export interface StreamEnd {
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** A stream as it is counted. */
export interface StreamSeat {
  /** Whose it is: some may hold a few, nobody many. */
  readonly caller: string;
  /** Why it must end; nothing while it may go on. Asked every few seconds. */
  readonly check: () => Promise<StreamEnd | undefined>;
  /** Told once, when it must end. */
  readonly end: (why: StreamEnd) => void;
}

/** The streams of events that this process feeds. */
export interface Streams {
  /** Counts one more, until it is `left`; or says why not. */
  open(seat: StreamSeat): { readonly left: () => void } | StreamEnd;
  /** Ends all of them, and opens no more. */
  close(why: StreamEnd): void;
  readonly size: number;
}

export interface StreamLimits {
  readonly perCaller: number;
  readonly atMost: number;
  readonly timers: Timers;
  /** How often credentials are looked at again; 5 s unless given. */
  readonly checkMs?: number;
}

export function createStreams({ perCaller, atMost, timers, checkMs = 5_000 }: StreamLimits): Streams {
  const seats = new Set<StreamSeat>();
  const callers = new Map<string, number>();
  let closed: StreamEnd | undefined;
  let timer: Timer | undefined;

  const leave = (seat: StreamSeat) => {
    if (!seats.delete(seat)) return;
    const others = (callers.get(seat.caller) ?? 1) - 1;
    if (others > 0) callers.set(seat.caller, others);
    else callers.delete(seat.caller);
    if (seats.size > 0) return;
    timer?.stop();
    timer = undefined;
  };
  const end = (seat: StreamSeat, why: StreamEnd) => {
    leave(seat);
    seat.end(why);
  };
  const look = () => {
    // What cannot be asked just now is asked again.
    for (const seat of seats)
      seat.check().then(
        (why) => why && seats.has(seat) && end(seat, why),
        () => {},
      );
  };
  return {
    open(seat) {
      if (closed) return closed;
      const own = callers.get(seat.caller) ?? 0;
      if (own >= perCaller) return tooMany(`You hold ${own} streams open, the most there may be (STREAMS_PER_CALLER)`);
      if (seats.size >= atMost) return tooMany(`This process feeds ${atMost} streams, the most that it has room for`);
      seats.add(seat);
      callers.set(seat.caller, own + 1);
      timer ??= timers.every(checkMs, look);
      timer.unref();
      return { left: () => leave(seat) };
    },
    close(why) {
      closed = why;
      for (const seat of [...seats]) end(seat, why);
    },
    get size() {
      return seats.size;
    },
  };
}

function tooMany(words: string): StreamEnd {
  return { code: "TOO_MANY_STREAMS", message: `${words}; close one, or try again later.`, retryAfterSeconds: 10 };
}
