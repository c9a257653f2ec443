import type { Checker } from "../actor.ts";
import { coupons } from "./coupons.ts";
import { logs } from "./logs.ts";

/** Everything that must hold. */
export const checkers: readonly Checker[] = [coupons, logs];
