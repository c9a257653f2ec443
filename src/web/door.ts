import type { Timers } from "../world.ts";
import { isArriving } from "./body.ts";
import { busyResponse, stopping } from "./busy.ts";
import type { AddressOf } from "./client-address.ts";

type Server = Bun.Server<unknown>;
type Handler = (request: Request, server: Server) => Response | Promise<Response>;

/** Counts who is inside, so that no address fills the house and nobody who was let in is left unanswered. */
export interface Door {
  /** Lets a request in, or answers why not. */
  pass(request: Request, server: Server, handler: Handler): Promise<Response>;
  /** From now on the queue alone is let in, then nobody; whoever asks whether we live always is. */
  close(to: "strangers" | "everyone"): void;
  /** Aborted when the door is first closed. */
  readonly leaving: AbortSignal;
  /**
   * Resolves when all who were let in have their answer, or after so long; the queue's deliveries apart while they may
   * enter.
   */
  emptied(withinMs: number): Promise<void>;
}

export interface DoorOptions {
  readonly addressOf: AddressOf;
  /** Requests of one address under way at once; the queue's own count apart. */
  readonly perAddress: number;
  /** Of all addresses. */
  readonly atMost: number;
  readonly timers: Timers;
}

/** What our own queue has under way at most. */
const queueAtOnce = 256;

export function createDoor({ addressOf, perAddress, atMost, timers }: DoorOptions): Door {
  const crowd = createCrowd();
  const left = new AbortController();
  let open: "all" | "queue" | "none" = "all";

  const refusal = (who: string, isDelivery: boolean): Response | undefined => {
    if (open === "none" || (open === "queue" && !isDelivery)) return busyResponse(stopping);
    const most = isDelivery ? Math.max(perAddress, queueAtOnce) : perAddress;
    if (crowd.of(who) >= most) return tooMany(`from this address at once (IN_FLIGHT_PER_ADDRESS: ${most})`, 429);
    if (!isDelivery && crowd.guests >= atMost) return tooMany(`at once; this process has room for ${atMost}`, 503);
    return undefined;
  };
  return {
    leaving: left.signal,
    async pass(request, server, handler) {
      const path = pathOf(request);
      if (path === "livez" || (path === "readyz" && open !== "all")) return handler(request, server);
      const isDelivery = path === "jobs";
      const who = `${isDelivery ? "queue " : ""}${addressOf(request, server)}`;
      const refused = refusal(who, isDelivery);
      if (refused) return refused;
      const cut = Promise.withResolvers<Response>();
      const leave = crowd.enter({ who, isDelivery, request, refuse: () => cut.resolve(busyResponse(stopping)) });
      try {
        const response = await Promise.race([handler(request, server), cut.promise]);
        if (open !== "all") response.headers.set("connection", "close");
        return response;
      } finally {
        leave();
      }
    },
    close(to) {
      open = to === "everyone" ? "none" : "queue";
      for (const guest of crowd.inside) {
        // What has not come as a whole was not let in yet.
        if (isArriving(guest.request) && (open === "none" || !guest.isDelivery)) guest.refuse();
      }
      left.abort();
    },
    async emptied(withinMs) {
      const done = Promise.withResolvers<void>();
      crowd.onLeave(() => crowd.guests === 0 && (open === "queue" || crowd.deliveries === 0) && done.resolve());
      const late = timers.after(withinMs, done.resolve);
      await done.promise;
      late.stop();
    },
  };
}

interface Guest {
  readonly who: string;
  readonly isDelivery: boolean;
  readonly request: Request;
  readonly refuse: () => void;
}

/** Who is inside, and how many by whom they count. */
function createCrowd() {
  const inside = new Set<Guest>();
  const counts = new Map<string, number>();
  let deliveries = 0;
  let left = () => {};
  return {
    inside,
    get deliveries() {
      return deliveries;
    },
    get guests() {
      return inside.size - deliveries;
    },
    of: (who: string) => counts.get(who) ?? 0,
    /** Answers how to leave again. */
    enter(guest: Guest): () => void {
      const { who, isDelivery } = guest;
      inside.add(guest);
      counts.set(who, (counts.get(who) ?? 0) + 1);
      if (isDelivery) deliveries++;
      return () => {
        inside.delete(guest);
        const others = (counts.get(who) ?? 1) - 1;
        if (others > 0) counts.set(who, others);
        else counts.delete(who);
        if (isDelivery) deliveries--;
        left();
      };
    },
    /** Calls it now, and whenever someone has left. */
    onLeave(look: () => unknown): void {
      left = look;
      look();
    },
  };
}

function tooMany(what: string, status: 429 | 503): Response {
  return busyResponse({
    status,
    code: status === 429 ? "RATE_LIMITED" : "BUSY",
    message: `Too many requests ${what}; try again in 1 s.`,
    retryAfterSeconds: 1,
  });
}

/** The first part of the path. */
function pathOf({ url }: Request): string {
  return /^\w+:\/\/[^/?#]*\/([^/?#]*)/.exec(url)?.[1] ?? "";
}
