import { parseDuration } from "./duration.ts";
import { type Flow, type Rejection, reject } from "./message.ts";

/** Reads `Upstash-Flow-Control-Key` and `-Value` ("parallelism=5, rate=10, period=1m"). */
export function parseFlow(key: string | undefined, value: string | undefined): Flow | Rejection | undefined {
  if (key === undefined) return value === undefined ? undefined : reject(400, "flow control key is missing");
  const limits: { parallelism?: number; rate?: number; periodMs?: number } = {};
  for (const part of (value ?? "").split(",")) {
    const [name = "", amount = ""] = part.split("=").map((text) => text.trim());
    const field = fields[name.toLowerCase()];
    const number = field === "periodMs" ? readPeriod(amount) : readCount(amount);
    if (!field || number === undefined) return reject(400, `invalid flow control value "${part.trim()}"`);
    limits[field] = number;
  }
  if (limits.parallelism === undefined && limits.rate === undefined) {
    return reject(400, "flow control value needs at least one of parallelism and rate");
  }
  return { key, ...limits };
}

const fields: Readonly<Record<string, "parallelism" | "rate" | "periodMs">> = {
  parallelism: "parallelism",
  rate: "rate",
  ratepersecond: "rate",
  period: "periodMs",
};

function readCount(text: string): number | undefined {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return count >= 1 ? count : undefined;
}

function readPeriod(text: string): number | undefined {
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
  return ms !== undefined && ms >= 1_000 && ms <= 7 * 86_400_000 ? ms : undefined;
}

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
