import type { Checker } from "../actor.ts";
import { allStock } from "./all-stock.ts";
import { coupons } from "./coupons.ts";
import { logs } from "./logs.ts";
import { outbox, shopSums } from "./machinery.ts";
import { orders } from "./orders.ts";
import { soldOut } from "./sold-out.ts";
import { webhooks } from "./webhooks.ts";

/** Everything that must hold. */
export const checkers: readonly Checker[] = [coupons, soldOut, orders, shopSums, outbox, webhooks, allStock, logs];
