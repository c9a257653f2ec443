import { named } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { mayBeErased } from "./wishes.ts";

/** What an answer said that must stay true. */
export interface CouponPromise {
  readonly couponId: string;
  readonly externalId: string;
  readonly templateId: string;
  /** By which it was asked for: the same caller, key and input mean the same coupon for ever. */
  readonly asked: string;
}

export const promised = (): CouponPromise[] => [];

/** A member was told that she holds all she may have of it. */
export interface LimitTold {
  readonly externalId: string;
  readonly templateId: string;
  readonly limit: number;
  readonly heldCouponIds: readonly string[];
}

export const limitsTold = (): LimitTold[] => [];

/** Somebody was told that nothing is left, between two moments (elapsed ms). */
export interface SoldOutTold {
  readonly templateId: string;
  readonly from: number;
  readonly to: number;
}

export const soldOutTold = (): SoldOutTold[] => [];

/** Coupons that somebody wanted to take away, whatever came of it. */
export const mayBeTaken = (): Set<string> => new Set();

/** Keeps what was promised, and says so where the same question was answered otherwise before. */
export function keepPromise(world: World, promise: CouponPromise): void {
  if (mayBeErased(world, promise.externalId)) return;
  const before = world.known(promised).find(({ asked }) => asked === promise.asked);
  if (before && before.couponId !== promise.couponId)
    throw new Error(`I6: ${promise.asked} was answered ${named(before.couponId)}, and now ${named(promise.couponId)}`);
  if (!before) world.known(promised).push(promise);
}
