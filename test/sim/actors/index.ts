import type { Actor } from "../actor.ts";
import { announcers } from "./announcers.ts";
import { backend } from "./backend.ts";
import { callbacks } from "./callbacks.ts";
import { campaigners } from "./campaigners.ts";
import { claimants } from "./claimants.ts";
import { distributors } from "./distributors.ts";
import { drops } from "./drops.ts";
import { goodsTellers } from "./goods-tellers.ts";
import { importers } from "./importers.ts";
import { issuers } from "./issuers.ts";
import { members } from "./members.ts";
import { occasions } from "./occasions.ts";
import { pools } from "./pools.ts";
import { promoters } from "./promoters.ts";
import { queueKeepers } from "./queue-keepers.ts";
import { readers } from "./readers.ts";
import { receiver } from "./receiver.ts";
import { schedulers } from "./schedulers.ts";
import { shoppers } from "./shoppers.ts";
import { staff } from "./staff.ts";
import { templates } from "./templates.ts";
import { unwilling } from "./unwilling.ts";

/** Everybody, in the order in which they come to the shop. */
export const actors: readonly Actor[] = [
  members,
  staff,
  templates,
  pools,
  claimants,
  drops,
  issuers,
  shoppers,
  promoters,
  receiver,
  importers,
  distributors,
  campaigners,
  announcers,
  schedulers,
  occasions,
  goodsTellers,
  queueKeepers,
  readers,
  unwilling,
  backend,
  callbacks,
];
