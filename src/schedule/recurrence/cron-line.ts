import { z } from "zod";
import { nextCron } from "../../cron/next-cron.ts";
import { quote } from "../../input.ts";

const fields = ["minute", "hour", "day of the month", "month", "weekday"];

/** Five fields: minute, hour, day of the month, month, weekday. */
export const CronLine = z
  .string()
  .trim()
  .max(100)
  .refine((line) => line.split(/\s+/).length === fields.length, "has five fields: minute hour day month weekday");

/** What is wrong with a line of five fields, by the field that it is; a line that is right may still never come. */
export function cronFault(line: string): string | undefined {
  const whole = faultOf(line);
  if (whole === undefined) return undefined;
  const given = line.trim().split(/\s+/);
  const i = given.findIndex((field, i) => faultOf(fields.map((_, at) => (at === i ? field : "*")).join(" ")));
  return i < 0 ? whole : `${quote(given[i] ?? "")} is no ${fields[i]}: ${whole}`;
}

function faultOf(line: string): string | undefined {
  try {
    nextCron(line, "UTC", 0);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^.*?: /, "");
  }
}
