import type { Actor } from "../actor.ts";
import { claimants } from "./claimants.ts";
import { importers } from "./importers.ts";
import { issuers } from "./issuers.ts";
import { members } from "./members.ts";
import { pools } from "./pools.ts";
import { promoters } from "./promoters.ts";
import { receiver } from "./receiver.ts";
import { shoppers } from "./shoppers.ts";
import { templates } from "./templates.ts";

/** Everybody, in the order in which they come to the shop. */
export const actors: readonly Actor[] = [
  members,
  templates,
  pools,
  claimants,
  issuers,
  shoppers,
  promoters,
  receiver,
  importers,
];
