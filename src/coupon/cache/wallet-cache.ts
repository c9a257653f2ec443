import { z } from "zod";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { defineScript } from "../../redis/script.ts";
import { type Coupon, CouponRow } from "../table.ts";
import beginSource from "./wallet-begin.lua" with { type: "text" };
import moveSource from "./wallet-move.lua" with { type: "text" };
import readSource from "./wallet-read.lua" with { type: "text" };
import storeSource from "./wallet-store.lua" with { type: "text" };
import { noteWatching } from "./watching.ts";

/**
 * Members' wallets in Redis, a list per member and status: a copy of a database that is far away, which may be gone at
 * any moment. It follows every move after its commit; a process that dies between the two leaves a list behind for as
 * long as lists live. A database that is a file here needs no copy: a wallet is one look-up in its index, which takes
 * less than asking Redis, and is never behind.
 */
export const walletStatuses = ["AVAILABLE", "LOCKED", "USED", "EXPIRED"] as const;
export type WalletStatus = (typeof walletStatuses)[number];

/**
 * How long a list lives: at least so long, and up to so much more by chance, so that those loaded together do not end
 * together, ms.
 */
export const lifetime = { minMs: 60_000, jitterMs: 20_000 } as const;
/** A name outlives the slowest reading of the database. */
const versionMs = 120_000;
/** Longer lists are not kept. */
export const maxKept = 1_000;
/** What the lists need of whoever asks for them. */
export type CacheContext = Pick<Context, "redis" | "memory" | "id" | "random" | "timers" | "clock"> & {
  readonly settings: Pick<Context["settings"], "isDatabaseFar">;
};

/** The Redis that keeps the lists, where there is one and the database is far. */
export function listsIn({ redis, settings }: Pick<CacheContext, "redis" | "settings">): CacheContext["redis"] {
  return settings.isDatabaseFar ? redis : undefined;
}

/** Members forgotten in one round trip. */
const batchSize = 500;

export interface ListName {
  readonly member: number;
  readonly status: WalletStatus;
}

/**
 * A list as Redis has it: its coupons in no order, the name under which it may be loaded, or nothing because Redis is
 * away or behind.
 */
export type Kept =
  | { readonly kind: "loaded"; readonly coupons: readonly Coupon[] }
  | { readonly kind: "unloaded"; readonly version: string }
  | "unavailable";

export async function readList(ctx: CacheContext, list: ListName): Promise<Kept> {
  const redis = listsIn(ctx);
  if (!redis || isBehind(ctx)) return "unavailable";
  const kept = await readScript.run(redis, [versionKey(list.member), listKey(list)], [newName(ctx), versionMs]);
  if (kept === "unavailable" || kept.kind === "loaded") return kept;
  // Before the database is asked: whoever gives coupons to many after that drops this member's list.
  return (await noteWatching(ctx, list.member)) ? kept : "unavailable";
}

/** Keeps what the database said after {@link readList} answered this version; "stale" when a coupon was moved since. */
export async function storeList(
  ctx: CacheContext,
  list: ListName & { readonly version: string; readonly coupons: readonly Coupon[] },
): Promise<"stored" | "stale" | "unavailable"> {
  if (list.coupons.length > maxKept) return "unavailable";
  const lives = Math.floor(lifetime.minMs + ctx.random() * lifetime.jitterMs);
  const keys = [versionKey(list.member), listKey(list)];
  return storeScript.run(listsIn(ctx), keys, [list.version, lives, ...list.coupons.flatMap(fieldAndRow)]);
}

/** Coupons of one member that came from one state into another. */
export interface Moves {
  readonly member: number;
  readonly from: Coupon["state"];
  readonly to: Coupon["state"];
}

/**
 * Announces moves after their commit: nobody stores what was read before. Answers the name to go on with, or undefined
 * when no list has to follow. The coupons' rows are read after that: so the news of two moves cannot overtake each
 * other unnoticed.
 */
export async function announceMoves(ctx: CacheContext, moves: Moves): Promise<string | undefined> {
  const redis = listsIn(ctx);
  if (!redis) return undefined;
  const name = newName(ctx);
  const answer = await beginScript.run(redis, keysOf(moves), [name, versionMs]);
  if (answer === "unavailable") fallBehind(ctx);
  return answer === "loaded" ? name : undefined;
}

/** Lets the lists follow moves that were announced under this name; each coupon as it is now. */
export async function moveInLists(
  ctx: CacheContext,
  { name, coupons, ...moves }: Moves & { readonly name: string; readonly coupons: readonly Coupon[] },
): Promise<void> {
  const redis = listsIn(ctx);
  if (!redis) return;
  const answer = await moveScript.run(redis, keysOf(moves), [name, ...coupons.flatMap(fieldAndRow)]);
  if (answer === "unavailable") fallBehind(ctx);
}

/**
 * Drops lists of these members: what they get to see next is what the database says then. One DEL names the keys of
 * many members, which no Redis Cluster takes: its nodes would each have to be asked for their own.
 */
export async function dropLists(
  ctx: CacheContext,
  members: readonly number[],
  statuses: readonly WalletStatus[] = walletStatuses,
): Promise<void> {
  const redis = listsIn(ctx);
  if (!redis) return;
  try {
    for (let at = 0; at < members.length; at += batchSize) {
      const namesOf = (member: number) => [versionKey(member), ...statuses.map((status) => keyOf(member, status))];
      // One command: a pipeline of as many as members would cost more than the page of an issue that it tells of.
      await redis.del(...members.slice(at, at + batchSize).flatMap(namesOf));
    }
  } catch {
    fallBehind(ctx);
  }
}

/**
 * What could not be told makes this process ask the database until the lists have ended: until when, by the process's
 * own time.
 */
const behind = (ctx: CacheContext) => perApp(ctx, "coupon.walletsBehind", () => ({ until: 0 }));

/** To be called by whoever could not tell the lists of something. */
export function fallBehind(ctx: CacheContext): void {
  behind(ctx).until = ctx.timers.now() + lifetime.minMs + lifetime.jitterMs;
}

function isBehind(ctx: CacheContext): boolean {
  return ctx.timers.now() < behind(ctx).until;
}

/** A letter before it keeps the Redis client from reading it as a number. */
function newName({ id }: CacheContext): string {
  return `v${id()}`;
}

function keysOf({ member, from, to }: Moves): string[] {
  return [versionKey(member), keyOf(member, from), keyOf(member, to)];
}

/** Changes with the shape of the rows: lists that an earlier Fanfare has left are not read. */
const shape = 2;

function versionKey(member: number): string {
  return `wallet:{${member}}:${nameOf("version")}`;
}

function listKey({ member, status }: ListName): string {
  return keyOf(member, status);
}

function keyOf(member: number, state: Coupon["state"]): string {
  return `wallet:{${member}}:${nameOf(state)}`;
}

/** What comes after the member in a key. */
function nameOf(what: Coupon["state"] | "version"): string {
  return `${shape}:${what}`;
}

/** A letter before the number keeps the Redis client from reading it as one. */
function fieldAndRow(coupon: Coupon): [string, string] {
  return [`c${coupon.id}`, JSON.stringify(coupon)];
}

const readScript = defineScript(readSource, (raw): Exclude<Kept, "unavailable"> => {
  const [word, answer] = Array.isArray(raw) ? raw : [];
  if (word === "unloaded" && typeof answer === "string") return { kind: "unloaded", version: answer };
  if (word !== "loaded" || !Array.isArray(answer)) throw new TypeError("wallet-read.lua answered something else");
  const rows = answer.filter((_, i) => i % 2 === 1 && answer[i - 1] !== "");
  return { kind: "loaded", coupons: z.array(CouponRow).parse(rows) };
});

const storeScript = defineScript(storeSource, (raw): "stored" | "stale" => {
  if (raw === "stored" || raw === "stale") return raw;
  throw new TypeError("wallet-store.lua answered something else");
});

const beginScript = defineScript(beginSource, (raw): "loaded" | "idle" => {
  if (raw === "loaded" || raw === "idle") return raw;
  throw new TypeError("wallet-begin.lua answered something else");
});

const moveScript = defineScript(moveSource, (raw): "moved" | "dropped" => {
  if (raw === "moved" || raw === "dropped") return raw;
  throw new TypeError("wallet-move.lua answered something else");
});
