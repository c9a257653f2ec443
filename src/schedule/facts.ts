import { z } from "zod";
import type { Issue } from "../errors.ts";
import { timingIssues } from "./recurrence/issues.ts";
import { Timing } from "./recurrence/recurrence.ts";
import { misfirePolicies, overlapPolicies } from "./table.ts";

/** What an operator says of a schedule. */
export const ScheduleFacts = z
  .strictObject({
    timing: Timing,
    misfire: z.enum(misfirePolicies).default("RUN_NOW"),
    /** Of RUN_IF_WITHIN: not later than this, ms. */
    withinMs: z
      .int()
      .min(60_000)
      .max(31 * 86_400_000)
      .nullable()
      .default(null),
    overlap: z.enum(overlapPolicies).default("SKIP"),
  })
  .refine(({ misfire, withinMs }) => (misfire === "RUN_IF_WITHIN") === (withinMs !== null), {
    path: ["withinMs"],
    message: "is for RUN_IF_WITHIN, and needed there",
  });
export type ScheduleFacts = z.infer<typeof ScheduleFacts>;

/** What is wrong with a schedule where its times are looked at, by paths below it. */
export function scheduleIssues({ timing }: ScheduleFacts, now: number): Issue[] {
  return timingIssues(timing, now).map(({ path, message }) => ({ path: `timing.${path}`, message }));
}
