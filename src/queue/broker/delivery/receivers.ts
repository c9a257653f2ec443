import { isStanding, originOf } from "../standing.ts";

/** Where a delivery is to be called. */
export interface Route {
  readonly url: string;
  /** The receiver that it leads to; none for a destination that is itself the address. */
  readonly receiver?: string;
  /** Whether nobody took it at first. */
  readonly waited?: boolean;
}

/** Those who take, in turn, what is for a standing origin. */
export interface Receivers {
  /** `receiver`, an origin, takes what is for `origin`: for so long (ms), unless it is withdrawn before. */
  announce(origin: string, receiver: string, forMs?: number): void;
  withdraw(origin: string, receiver: string): void;
  /**
   * Nobody answers there: until it announces itself again nothing goes there. False for one announced for good, which
   * stays.
   */
  lost(destination: string, receiver: string): boolean;
  /** Where a destination is called now. While nobody takes it this waits; undefined once `stop` says so. */
  route(destination: string, stop: AbortSignal): Promise<Route | undefined>;
}

const forGood = Number.POSITIVE_INFINITY;

/** Remembers nothing over a restart: who is alive announces himself again. Times are the machine's, not the clock's. */
export function createReceivers(): Receivers {
  /** Until when each receiver of an origin counts; whose turn is next comes first. */
  const origins = new Map<string, Map<string, number>>();
  const waiting = new Set<() => void>();

  function next(origin: string): string | undefined {
    const known = origins.get(origin) ?? new Map<string, number>();
    for (const [receiver, until] of known) {
      known.delete(receiver);
      if (until < performance.now()) continue;
      known.set(receiver, until);
      return receiver;
    }
    return undefined;
  }

  function announced(stop: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    stop.addEventListener("abort", () => resolve(), { once: true });
    return promise.finally(() => waiting.delete(resolve));
  }

  return {
    announce(origin, receiver, forMs = forGood) {
      const known = origins.get(origin) ?? new Map<string, number>();
      origins.set(origin, known.set(receiver, performance.now() + forMs));
      for (const go of waiting) go();
    },
    withdraw: (origin, receiver) => void origins.get(origin)?.delete(receiver),
    lost(destination, receiver) {
      const known = origins.get(originOf(destination));
      if (known?.get(receiver) === forGood) return false;
      known?.delete(receiver);
      return true;
    },
    async route(destination, stop) {
      const origin = originOf(destination);
      if (!isStanding(origin)) return { url: destination };
      for (let waited = false; !stop.aborted; waited = true) {
        const receiver = next(origin);
        if (receiver !== undefined) return { url: receiver + destination.slice(origin.length), receiver, waited };
        await announced(stop);
      }
      return undefined;
    },
  };
}
