import type { Conservation } from "../../coupon/gate/conservation.ts";
import type { Occurrence } from "../../coupon/template/occurrence.ts";
import type { CouponStatistics } from "../../coupon/template/statistics.ts";
import type { TakeBack } from "../../coupon/template/take-back.ts";
import { builder } from "../kit/builder.ts";
import { moneyField } from "../kit/money.ts";

const viewers = { role: "viewer" } as const;

const couponCounts = {
  issued: "All that were given: available + locked + used + expired + withdrawn.",
  claimed: "Of those issued, how many members came for themselves, with a claim or a code.",
  available: "Those that can be used, or will expire when the time comes.",
  locked: "Those that are held for an order that is being paid.",
  used: "Those that were used on an order.",
  expired: "Those that were not used in time.",
  withdrawn: "Those that the shop took back.",
} as const satisfies Partial<Record<keyof CouponStatistics, string>>;

const couponMoney = {
  discount: "What those that were used took off",
  revenue: "What was paid for the carts on which they were used",
  reserved: "Of the budget: held for coupons that may still be used",
  spent: "Of the budget: spent",
} as const satisfies Partial<Record<keyof CouponStatistics, string>>;

type Count = keyof typeof couponCounts;
type Sum = keyof typeof couponMoney;

export const StatisticsType = builder.objectRef<CouponStatistics>("CouponStatistics").implement({
  description: "What became of a template's coupons; of one that recurs, of all its occurrences together.",
  authScopes: viewers,
  fields: (t) => ({
    ...Object.fromEntries(
      (Object.keys(couponCounts) as Count[]).map((name) => [
        name,
        t.field({ type: "BigInt", description: couponCounts[name], resolve: (figures) => figures[name] }),
      ]),
    ),
    ...Object.fromEntries(
      (Object.keys(couponMoney) as Sum[]).map((name) => [
        name,
        moneyField(t, `${couponMoney[name]}.`, (figures) => figures[name]),
      ]),
    ),
  }),
});

const MendType = builder.objectRef<NonNullable<Conservation["lastMended"]>>("GateMend").implement({
  description: "One time that a gate was off when it was reconciled.",
  authScopes: viewers,
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When." }),
    drift: t.expose("drift", { type: "BigInt", description: "Units that it had too many, or (negative) too few." }),
  }),
});

export const ConservationType = builder.objectRef<Conservation>("CouponConservation").implement({
  description:
    "Whether a template's stock is where it should be: stock = issued + remaining by the database, which decides; " +
    "the gate in Redis only spares it the crowd, and is made true every 30 seconds.",
  authScopes: viewers,
  fields: (t) => ({
    stock: t.expose("stock", {
      type: "BigInt",
      nullable: true,
      description: "All there are; null: unlimited, and there is no gate.",
    }),
    issued: t.expose("issued", { type: "BigInt", description: "Given, by the database." }),
    remaining: t.expose("remaining", { type: "BigInt", nullable: true, description: "Left, by the database." }),
    gateRemaining: t.field({
      type: "BigInt",
      nullable: true,
      description: "Left, by the gate; null when it is not loaded or Redis is away.",
      resolve: ({ gate }) => gate?.remaining ?? null,
    }),
    gatePending: t.field({
      type: "BigInt",
      nullable: true,
      description: "Units of claims and pages of an issue that the gate let through and has not heard of since.",
      resolve: ({ gate }) => gate?.pending ?? null,
    }),
    drift: t.expose("drift", {
      type: "BigInt",
      nullable: true,
      description: "gateRemaining + gatePending − remaining: 0, but for what is under way this moment.",
    }),
    lastMended: t.expose("lastMended", {
      type: MendType,
      nullable: true,
      description: "When the gate was last off when it was reconciled; null: never.",
    }),
    reconciledAt: t.expose("reconciledAt", {
      type: "DateTime",
      nullable: true,
      description: "When gates were last reconciled, by whichever process; null before the first time.",
    }),
  }),
});

export const OccurrenceType = builder.objectRef<Occurrence>("CouponOccurrence").implement({
  description: "One time that a recurring template is open.",
  authScopes: viewers,
  fields: (t) => ({
    opensAt: t.expose("opensAt", { type: "DateTime", description: "It opens." }),
    closesAt: t.expose("closesAt", { type: "DateTime", description: "It closes." }),
  }),
});

export const TakeBackType = builder.objectRef<TakeBack>("CouponTakeBack").implement({
  description: "How far taking back the unused coupons of a withdrawn template is.",
  authScopes: viewers,
  fields: (t) => ({
    taken: t.expose("taken", { type: "BigInt", description: "Coupons taken back so far." }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When it began." }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it was done; null: not yet." }),
  }),
});
