import { z } from "zod";
import type { Issue } from "../errors.ts";
import type { ScheduleFacts } from "../schedule/facts.ts";

/** What becomes of members on whose clocks the time has passed when it would be their turn. */
export const passedPolicies = ["NOW", "NEXT_DAY", "SKIP"] as const;
export type PassedPolicy = (typeof passedPolicies)[number];

/** That a campaign reaches each member when the clock of the member's zone shows the time of its start. */
export const LocalTime = z.strictObject({ passed: z.enum(passedPolicies).default("NOW") });
export type LocalTime = z.infer<typeof LocalTime>;

/** What of a campaign says when it begins. */
interface Times {
  readonly localTime: LocalTime | null;
  readonly startsAt: number | null;
  readonly schedule: ScheduleFacts | null;
}

/** What is wrong with members' own time: some time must be said, and what comes by clocks comes as they show it. */
export function localTimeIssues({ localTime, startsAt, schedule }: Times): Issue[] {
  if (localTime === null) return [];
  if (startsAt === null && schedule === null) {
    return [{ path: "localTime", message: "needs `startsAt` or a schedule: the time that members' clocks show" }];
  }
  const isLoose = schedule !== null && schedule.jitterSeconds > 0;
  return isLoose ? [{ path: "schedule.jitterSeconds", message: "must be 0 where members' own clocks count" }] : [];
}
