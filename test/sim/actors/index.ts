import type { Actor } from "../actor.ts";
import { announcers } from "./announcers.ts";
import { backend } from "./backend.ts";
import { callbacks } from "./callbacks.ts";
import { campaigners } from "./campaigners.ts";
import { claimants } from "./claimants.ts";
import { members } from "./members.ts";
import { queueKeepers } from "./queue-keepers.ts";
import { readers } from "./readers.ts";
import { staff } from "./staff.ts";

/** Everybody, in the order in which they come to the shop. */
export const actors: readonly Actor[] = [
  members,
  claimants,
  staff,
  campaigners,
  announcers,
  queueKeepers,
  readers,
  backend,
  callbacks,
];
