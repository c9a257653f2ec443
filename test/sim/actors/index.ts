import type { Actor } from "../actor.ts";
import { claimants } from "./claimants.ts";
import { members } from "./members.ts";

/** Everybody, in the order in which they come to the shop. */
export const actors: readonly Actor[] = [members, claimants];
