import type { MaybePromise } from "../maybe-promise.ts";
import type { Timers } from "../world.ts";
import { isArriving } from "./body.ts";
import { busyResponse, stopping } from "./busy.ts";
import type { AddressOf } from "./client-address.ts";
import { createCrowd } from "./crowd.ts";

type Server = Bun.Server<unknown>;
type Handler = (request: Request, server: Server, path?: string) => MaybePromise<Response>;

/** Counts who is inside, so that no address fills the house and nobody who was let in is left unanswered. */
export interface Door {
  /** Lets a request in, or answers why not. `path` is the first part of its path, where that is known. */
  pass(request: Request, server: Server, handler: Handler, path?: string): MaybePromise<Response>;
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
  const closing = (response: Response) => {
    if (open !== "all") response.headers.set("connection", "close");
    return response;
  };
  return {
    leaving: left.signal,
    pass(request, server, handler, known) {
      const path = known ?? pathOf(request);
      if (path === "livez" || (path === "readyz" && open !== "all")) return handler(request, server, known);
      const isDelivery = path === "jobs";
      const address = addressOf(request, server);
      const who = isDelivery ? `queue ${address}` : address;
      const refused = refusal(who, isDelivery);
      if (refused) return refused;
      return crowd.serve({ who, isDelivery, request }, () => handler(request, server, known), closing);
    },
    close(to) {
      open = to === "everyone" ? "none" : "queue";
      for (const guest of crowd.inside) {
        // What has not come as a whole was not let in yet.
        if (isArriving(guest.request) && (open === "none" || !guest.isDelivery)) guest.cut?.(busyResponse(stopping));
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
