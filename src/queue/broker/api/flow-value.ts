import { parseDuration } from "../duration.ts";
import type { Flow } from "../records.ts";
import { type Rejection, reject } from "../rejection.ts";

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
