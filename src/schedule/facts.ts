import { z } from "zod";
import type { Context } from "../context.ts";
import type { Issue } from "../errors.ts";
import { holidayIssues } from "./holidays.ts";
import { timingIssues } from "./recurrence/issues.ts";
import { Timing } from "./recurrence/recurrence.ts";
import { misfirePolicies, overlapPolicies } from "./table.ts";

/** What an operator says of a schedule: when it comes, and what becomes of times that cannot be as planned. */
export const ScheduleFacts = z
  .strictObject({
    ...Timing.shape,
    misfire: z.enum(misfirePolicies).default("RUN_NOW"),
    /** Of RUN_IF_WITHIN: not later than this. */
    withinMinutes: z
      .int()
      .min(3)
      .max(31 * 24 * 60)
      .nullable()
      .default(null),
    overlap: z.enum(overlapPolicies).default("SKIP"),
  })
  .refine(({ misfire, withinMinutes }) => (misfire === "RUN_IF_WITHIN") === (withinMinutes !== null), {
    path: ["withinMinutes"],
    message: "is for RUN_IF_WITHIN, and needed there",
  });
export type ScheduleFacts = z.infer<typeof ScheduleFacts>;

/** The part of it that says when it comes. */
export function timingOf({ recurrence, zone, exclude, jitterSeconds }: ScheduleFacts): Timing {
  return { recurrence, zone, exclude, jitterSeconds };
}

/** What is wrong with a schedule of a shop where its times are looked at, by paths below it. */
export async function scheduleIssues(ctx: Context, facts: ScheduleFacts, shop: string): Promise<Issue[]> {
  const timing = timingOf(facts);
  return [...timingIssues(timing, ctx.clock()), ...(await holidayIssues(ctx, timing, shop))];
}
