import type { Checker } from "../actor.ts";
import { approvals } from "./approvals.ts";
import { consent } from "./consent.ts";
import { coupons } from "./coupons.ts";
import { logs } from "./logs.ts";
import { members } from "./members.ts";
import { moves } from "./moves.ts";
import { runs } from "./runs.ts";
import { sends } from "./sends.ts";
import { why } from "./why.ts";

/** Everything that must hold. */
export const checkers: readonly Checker[] = [members, coupons, sends, runs, consent, moves, approvals, why, logs];
