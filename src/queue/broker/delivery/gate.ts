import type { Flow } from "../message.ts";

/** Counts the calls of one lane against its limits. */
export interface Gate {
  limit(flow: Omit<Flow, "key">): void;
  /** Whether one more call may start: yes, or after a running one ended ("full"), or when the next period opens (ms). */
  check(now: number, usual: number, most: number): "open" | "full" | number;
  enter(): void;
  leave(): void;
  /** Whether its counts still matter. */
  isBusy(now: number): boolean;
}

export function createGate(): Gate {
  let limits: Omit<Flow, "key"> = {};
  let running = 0;
  let used = 0;
  let opened = Number.NEGATIVE_INFINITY;
  const closes = () => opened + (limits.periodMs ?? 1_000);
  return {
    limit: (flow) => {
      limits = flow;
    },
    check(now, usual, most) {
      if (running >= Math.min(limits.parallelism ?? usual, most)) return "full";
      if (limits.rate === undefined) return "open";
      if (now >= closes()) {
        opened = now;
        used = 0;
      }
      return used < limits.rate ? "open" : closes();
    },
    enter() {
      running += 1;
      used += 1;
    },
    leave: () => {
      running -= 1;
    },
    isBusy: (now) => running > 0 || (limits.rate !== undefined && now < closes()),
  };
}
