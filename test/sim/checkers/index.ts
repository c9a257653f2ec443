import type { Checker } from "../actor.ts";
import { allStock } from "./all-stock.ts";
import { announcements } from "./announcements.ts";
import { approvals } from "./approvals.ts";
import { clocks } from "./clocks.ts";
import { consent } from "./consent.ts";
import { coupons } from "./coupons.ts";
import { distributions } from "./distributions.ts";
import { goods } from "./goods.ts";
import { catches, logs } from "./logs.ts";
import { outbox, shopSums } from "./machinery.ts";
import { members } from "./members.ts";
import { moves } from "./moves.ts";
import { occasions } from "./occasions.ts";
import { orders } from "./orders.ts";
import { published } from "./published.ts";
import { runs } from "./runs.ts";
import { schedules } from "./schedules.ts";
import { sends } from "./sends.ts";
import { soldOut } from "./sold-out.ts";
import { webhooks } from "./webhooks.ts";
import { why } from "./why.ts";

/** Everything that must hold; claiming all that is left comes last. */
export const checkers: readonly Checker[] = [
  members,
  coupons,
  soldOut,
  orders,
  shopSums,
  sends,
  runs,
  schedules,
  consent,
  moves,
  approvals,
  announcements,
  occasions,
  goods,
  clocks,
  distributions,
  why,
  outbox,
  published,
  webhooks,
  allStock,
  logs,
  catches,
];
