import type { Redis } from "@upstash/redis";
import { z } from "zod";
import { defineScript } from "../../redis/script.ts";
import settleSource from "./settle-units.lua" with { type: "text" };
import takeSource from "./take-units.lua" with { type: "text" };

/**
 * The gate for issues to many: each takes the units that it may need by one call, from the same gate that claims go
 * through, and tells by a second one what the database made of them. Neither decides anything.
 */

/** Which issue it is: coupons of one source for the members of a range, which no other issue of that source is for. */
export interface IssueRange {
  /** E.g. `run/7`. */
  readonly source: string;
  /** Members above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
}

/** Units that are taken and wait for what the database decides. */
export interface PendingUnits {
  readonly token: string;
  readonly units: number;
}

interface Wanted extends IssueRange {
  readonly template: number;
  readonly units: number;
}

/** Takes up to so many units; the same issue takes no second time while it is pending. 0 = nothing is left. */
export async function takeUnits(
  redis: Redis | undefined,
  { template, units, ...range }: Wanted,
  now: number,
): Promise<PendingUnits | "unloaded" | "unavailable"> {
  const token = tokenOf(range);
  const taken = await takeScript.run(redis, keysOf(template), [token, units, now]);
  return typeof taken === "number" ? { token, units: taken } : taken;
}

/** What became of an issue. */
export interface Outcome {
  readonly token: string;
  readonly issued: number;
  /** Units that the database had left after it, so that the gate is not left above that. */
  readonly remaining?: number;
}

/** Keeps the units of what was issued and gives back the others, once. Answers what the gate has then. */
export function settleUnits(
  redis: Redis | undefined,
  template: number,
  { token, issued, remaining }: Outcome,
): Promise<number | "unloaded" | "unavailable"> {
  const left = remaining === undefined ? [] : [remaining];
  return settleScript.run(redis, keysOf(template), [token, issued, ...left]);
}

/** Lowers a loaded gate to what the database has left, after coupons were given past it; never raises it. */
export function lowerGate(redis: Redis | undefined, template: number, remaining: number) {
  return settleUnits(redis, template, { token: "", issued: 0, remaining });
}

/** An issue that the gate has not heard of since it took its units, at `at` (ms). */
export interface PendingIssue extends IssueRange, PendingUnits {
  readonly at: number;
}

/** The issues that are pending. Rejects where Redis is away. */
export async function pendingIssues(redis: Redis, template: number): Promise<PendingIssue[]> {
  const [, issues] = keysOf(template);
  const found = await redis.hgetall<Record<string, unknown>>(issues);
  return Object.entries(found ?? {}).map(([token, value]) => {
    const [, source = "", from, to] = /^(.*):(\d+)-(\d+)$/.exec(token) ?? [];
    const [units, at] = Pending.parse(value);
    return { token, source, from: Number(from), to: Number(to), units, at };
  });
}

const Pending = z
  .string()
  .regex(/^\d+@\d+$/)
  .transform((text) => text.split("@").map(Number) as [number, number]);

/** Says all that the reaper must know to ask the database. */
function tokenOf({ source, from, to }: IssueRange): string {
  return `${source}:${from}-${to}`;
}

function keysOf(template: number): [string, string] {
  return [gateKey(template), issuesKey(template)];
}

export function gateKey(template: number): string {
  return `coupon:{${template}}:gate`;
}

export function issuesKey(template: number): string {
  return `coupon:{${template}}:issues`;
}

const takeScript = defineScript(takeSource, (raw): number | "unloaded" => {
  if (typeof raw === "number" || raw === "unloaded") return raw;
  throw new TypeError("take-units.lua answered something else");
});

const settleScript = defineScript(settleSource, (raw): number | "unloaded" => {
  if (typeof raw === "number" || raw === "unloaded") return raw;
  throw new TypeError("settle-units.lua answered something else");
});
