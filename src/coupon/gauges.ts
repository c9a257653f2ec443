import type { Gauge } from "../context.ts";
import { gateDrift } from "./gate/conservation.ts";

/** How far the gates were from the truth, and when they were last looked at. */
export const couponGauges: readonly Gauge[] = [
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
