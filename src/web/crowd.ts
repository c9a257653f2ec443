import type { MaybePromise } from "../maybe-promise.ts";

/** A request that was let in. */
export interface Guest {
  /** By whom it counts. */
  readonly who: string;
  readonly isDelivery: boolean;
  readonly request: Request;
  /** Answers it now, whatever becomes of its work; there as long as it is worked on. */
  cut?: (answer: Response) => void;
}

/** Who is inside, and how many by whom they count. */
export interface Crowd {
  readonly inside: ReadonlySet<Guest>;
  readonly deliveries: number;
  /** All others. */
  readonly guests: number;
  of(who: string): number;
  /** Counts a guest until it is answered; `last` sees every answer on its way out. */
  serve(guest: Guest, work: () => MaybePromise<Response>, last: (answer: Response) => Response): MaybePromise<Response>;
  /** Calls it now, and whenever someone has left. */
  onLeave(look: () => unknown): void;
}

export function createCrowd(): Crowd {
  const inside = new Set<Guest>();
  const counts = new Map<string, number>();
  let deliveries = 0;
  let left: () => unknown = () => {};

  const enter = (guest: Guest) => {
    inside.add(guest);
    counts.set(guest.who, (counts.get(guest.who) ?? 0) + 1);
    if (guest.isDelivery) deliveries++;
  };
  const leave = (guest: Guest) => {
    if (!inside.delete(guest)) return;
    const others = (counts.get(guest.who) ?? 1) - 1;
    if (others > 0) counts.set(guest.who, others);
    else counts.delete(guest.who);
    if (guest.isDelivery) deliveries--;
    left();
  };
  return {
    inside,
    get deliveries() {
      return deliveries;
    },
    get guests() {
      return inside.size - deliveries;
    },
    of: (who) => counts.get(who) ?? 0,
    serve(guest, work, last) {
      enter(guest);
      try {
        const answer = work();
        if (answer instanceof Promise) return untilAnswered(guest, answer, last, leave);
        leave(guest);
        return last(answer);
      } catch (error) {
        leave(guest);
        throw error;
      }
    },
    onLeave(look) {
      left = look;
      look();
    },
  };
}

/** One promise a guest, for all of them pass here. */
function untilAnswered(
  guest: Guest,
  answer: Promise<Response>,
  last: (answer: Response) => Response,
  leave: (guest: Guest) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const done = (response: Response) => {
      leave(guest);
      resolve(last(response));
    };
    guest.cut = done;
    answer.then(done, (error) => {
      leave(guest);
      reject(error);
    });
  });
}
