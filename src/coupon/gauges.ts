import { sql } from "drizzle-orm";
import type { Gauge } from "../context.ts";
import { gateDrift } from "./gate/conservation.ts";

const whatItIs = {
  revenue: "What was paid for carts on which coupons were used",
  discount: "What coupons took off",
};

/** What became of coupons, from sums that move with them. */
const couponFigures: readonly Gauge[] = [
  {
    name: "fanfare_coupons_issued",
    help: "Coupons that were given, ever, and how many of them members came for themselves.",
    labels: ["by"],
    read: async (ctx) => {
      const row = await ctx.db.first<{ issued: number | null; claimed: number | null }>(
        sql`SELECT sum(issued) AS issued, sum(claimed) AS claimed FROM coupon_template`,
      );
      const [issued, claimed] = [row?.issued ?? 0, row?.claimed ?? 0];
      return [
        { labels: { by: "claim" }, value: claimed },
        { labels: { by: "shop" }, value: issued - claimed },
      ];
    },
  },
  {
    name: "fanfare_coupons",
    help: "Coupons that are locked, were redeemed (USED), expired or were withdrawn; the rest of those given are free.",
    labels: ["state"],
    read: async (ctx) => {
      const found = await ctx.db.all<{ state: string; n: number }>(
        sql`SELECT state, sum(n) AS n FROM coupon_counts GROUP BY state`,
      );
      return found.map(({ state, n }) => ({ labels: { state }, value: n }));
    },
  },
  ...(["revenue", "discount"] as const).map(
    (what): Gauge => ({
      name: `fanfare_coupon_${what}_minor_units`,
      help: `${whatItIs[what]}, in minor units of the currency.`,
      labels: ["currency"],
      read: async (ctx) => {
        const found = await ctx.db.all<{ currency: string; n: number }>(sql`
          SELECT t.currency, sum(c.${sql.raw(what)}) AS n
          FROM coupon_counts c JOIN coupon_template t ON t.id = c.template WHERE c.state = 'USED' GROUP BY 1`);
        return found.map(({ currency, n }) => ({ labels: { currency }, value: n }));
      },
    }),
  ),
];

/** How far the gates were from the truth, and when they were last looked at. */
export const couponGauges: readonly Gauge[] = [
  ...couponFigures,
  {
    name: "fanfare_coupon_gate_drift",
    help: "Units that the gate of a template was off at the last reconciliation; only those that were, at most 100.",
    labels: ["template"],
    read: async (ctx) => {
      const { drifts } = await gateDrift(ctx);
      return drifts.map(({ template, drift }) => ({ labels: { template: String(template) }, value: drift }));
    },
  },
  {
    name: "fanfare_coupon_gates_reconciled_seconds",
    help: "Time since coupon gates were last reconciled, in seconds; 0 before the first time.",
    read: async (ctx) => {
      const { reconciledAt } = await gateDrift(ctx);
      return [{ value: reconciledAt ? (ctx.clock() - reconciledAt) / 1000 : 0 }];
    },
  },
];
