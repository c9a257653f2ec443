import type { Context } from "../../context.ts";
import { defineScript } from "../../redis/script.ts";
import watchSource from "./wallet-watch.lua" with { type: "text" };
import watchingSource from "./wallet-watching.lua" with { type: "text" };

/**
 * Whose wallets were loaded lately, a bit a member: whoever gives coupons to a page of members asks once who of them
 * may have a list to be dropped, instead of naming the lists of all of them, of which hardly any are there.
 */

/**
 * Bits are kept by periods of so long, ms: longer than a list, its name and a clock that is off may live, for the
 * period before and the one after are asked, too.
 */
const periodMs = 300_000;
const lifetimeMs = 3 * periodMs;
/** Members asked about by one call: 64 KiB of bits a period. */
const stretch = 524_288;
/** A bitmap of Redis has no place beyond. */
const lastBit = 2 ** 32 - 1;

/** Members above `from`, up to `to`. */
export interface MemberRange {
  readonly from: number;
  readonly to: number;
}

type WatchContext = Pick<Context, "redis" | "clock">;

/** Notes that a member's wallet is about to be loaded; false where that could not be, and it must not be kept. */
export async function noteWatching({ redis, clock }: WatchContext, member: number): Promise<boolean> {
  if (member > lastBit) return false;
  const answer = await watchScript.run(redis, [keyOf(periodOf(clock()))], [member, lifetimeMs]);
  return answer !== "unavailable";
}

/** The members of a range whose lists may be loaded. */
export async function watchingWithin(
  { redis, clock }: WatchContext,
  { from, to }: MemberRange,
): Promise<number[] | "unavailable"> {
  const now = periodOf(clock());
  const keys = [now - 1, now, now + 1].map(keyOf);
  const last = Math.min(to, lastBit);
  const members: number[] = [];
  for (let at = from; at < last; at += stretch) {
    const found = await watchingScript.run(redis, keys, [at, Math.min(at + stretch, last)]);
    if (found === "unavailable") return found;
    members.push(...found);
  }
  return members;
}

function periodOf(now: number): number {
  return Math.floor(now / periodMs);
}

function keyOf(period: number): string {
  return `wallet:{watching}:${period}`;
}

const watchScript = defineScript(watchSource, (raw): true => {
  if (raw === 1) return true;
  throw new TypeError("wallet-watch.lua answered something else");
});

const watchingScript = defineScript(watchingSource, (raw): number[] => {
  if (Array.isArray(raw) && raw.every((each) => typeof each === "number")) return raw;
  throw new TypeError("wallet-watching.lua answered something else");
});
