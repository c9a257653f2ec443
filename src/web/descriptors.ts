import { readdirSync, readFileSync } from "node:fs";

/** What the process may hold open at once. */
export interface Room {
  /** Streams of events. */
  readonly streams: number;
  /** Requests under way. */
  readonly requests: number;
}

/**
 * Shares what is left of the process's file descriptors, as the system tells it, between streams (half), requests under
 * way (two fifths) and what nobody counts: connections that say nothing yet, files. Whoever takes the last one leaves
 * the process unable to answer even that it lives.
 */
export function roomOf(limit = descriptorLimit(), used = descriptorsUsed()): Room {
  const left = Math.max(10, limit - used);
  return { streams: Math.floor(left / 2), requests: Math.floor((left * 2) / 5) };
}

const usualLimit = 1_024;

function descriptorLimit(): number {
  try {
    const [, soft = ""] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === "unlimited" ? 1_000_000 : Number(soft) || usualLimit;
  } catch {
    return usualLimit; // not Linux: what is usual where nobody set it
  }
}

function descriptorsUsed(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 64;
  }
}
