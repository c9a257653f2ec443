import type { Redis } from "@upstash/redis";
import { defineScript } from "../../redis/script.ts";
import claimSource from "./claim.lua" with { type: "text" };
import reconcileSource from "./reconcile.lua" with { type: "text" };
import settleSource from "./settle.lua" with { type: "text" };
import { gateKey, issuesKey, pendingIssues } from "./units.ts";

/**
 * The gate before a template's stock: it keeps the crowd from the database, and may vanish or be wrong at any moment.
 * Whatever it lets through the database decides again.
 */
export type Admission =
  | { readonly kind: "admitted" | "sold_out" | "unloaded" | "unavailable" }
  | { readonly kind: "rate_limited"; readonly waitMs: number };

/** Claims of one template that a member may try in a period, over all processes. */
export const attempts = { limit: 20, periodMs: 10_000 } as const;
/**
 * A gate that nobody touches is forgotten after this, with the claims that it never heard of again; it is loaded again
 * when needed.
 */
const lifetimeMs = 86_400_000;

export interface Claimant {
  readonly template: number;
  readonly member: number;
  readonly token: string;
}

/** Asks for one unit; the same token never takes two. */
export async function admit(redis: Redis | undefined, claim: Claimant, now: number): Promise<Admission> {
  const [admission = unavailable] = await admitEach(redis, claim.template, [claim], now);
  return admission;
}

/** Asks for a unit for each claim of one template, by one call. */
export async function admitEach(
  redis: Redis | undefined,
  template: number,
  claims: readonly Pick<Claimant, "member" | "token">[],
  now: number,
): Promise<readonly Admission[]> {
  const members = claims.map(({ member }) => `coupon:{${template}}:attempts:${member}`);
  const tokens = claims.map(({ token }) => token);
  const keys = [gateKey(template), pendingKey(template), ...members];
  const answers = await claimScript.run(redis, keys, [now, attempts.limit, attempts.periodMs, ...tokens]);
  return answers === "unavailable" ? claims.map(() => unavailable) : answers.map(admissionOf);
}

const unavailable: Admission = { kind: "unavailable" };
const admitted: Admission = { kind: "admitted" };
const soldOut: Admission = { kind: "sold_out" };
const unloaded: Admission = { kind: "unloaded" };

function admissionOf(answer: number): Admission {
  if (answer > 0) return { kind: "rate_limited", waitMs: answer };
  return answer === 0 ? admitted : answer === -1 ? soldOut : unloaded;
}

/** Tells the gate what became of claims: `issued` keep their units, the others give them back. Units come back once. */
export async function settle(
  redis: Redis | undefined,
  template: number,
  { issued, refused }: { readonly issued: readonly string[]; readonly refused: readonly string[] },
): Promise<void> {
  if (issued.length + refused.length === 0) return;
  await settleScript.run(redis, [gateKey(template), pendingKey(template)], [issued.length, ...issued, ...refused]);
}

/** Sets the gate to what the database has left; answers what it had before. */
export function reconcileGate(
  redis: Redis | undefined,
  template: number,
  remaining: number,
): Promise<number | "unloaded" | "unavailable"> {
  const keys = [gateKey(template), pendingKey(template), issuesKey(template)];
  return reconcileScript.run(redis, keys, [remaining, lifetimeMs]);
}

/**
 * Claims that were admitted longer ago than `forMs` and whose end the gate has not heard of; also those from the
 * future, as any is that was admitted before the clock was set back.
 */
export async function pendingFor(
  redis: Redis | undefined,
  template: number,
  { forMs, now }: { readonly forMs: number; readonly now: number },
): Promise<string[]> {
  if (!redis) return [];
  const range = { byScore: true, offset: 0, count: reapedAtOnce } as const;
  const found = await Promise.all([
    redis.zrange<unknown[]>(pendingKey(template), 0, now - forMs, range),
    redis.zrange<unknown[]>(pendingKey(template), now + forMs, "+inf", range),
  ]);
  return found.flat().map(String);
}
const reapedAtOnce = 1_000;

/**
 * Units that the gate has left, and those that are pending: one a claim, and what issues to many have taken. Undefined
 * without a loaded gate.
 */
export async function gateState(
  redis: Redis | undefined,
  template: number,
): Promise<{ readonly remaining: number; readonly pending: number } | undefined> {
  if (!redis) return undefined;
  const [remaining, claims, issues] = await Promise.all([
    redis.get<number>(gateKey(template)),
    redis.zcard(pendingKey(template)),
    pendingIssues(redis, template),
  ]);
  return remaining === null
    ? undefined
    : { remaining, pending: issues.reduce((sum, { units }) => sum + units, claims) };
}

function pendingKey(template: number): string {
  return `coupon:{${template}}:pending`;
}

const claimScript = defineScript(claimSource, (raw): readonly number[] => {
  if (Array.isArray(raw) && raw.every((each) => typeof each === "number")) return raw;
  throw new TypeError("claim.lua answered something else");
});

const settleScript = defineScript(settleSource, (raw): number => {
  if (typeof raw === "number") return raw;
  throw new TypeError("settle.lua answered something else");
});

const reconcileScript = defineScript(reconcileSource, (raw): number | "unloaded" => {
  if (typeof raw === "number" || raw === "unloaded") return raw;
  throw new TypeError("reconcile.lua answered something else");
});
