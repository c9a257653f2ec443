import type { z } from "zod";
import type { Context } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { shopOf } from "../shop.ts";
import { readTimeZone } from "../value/time-zone.ts";
import { canonicalOr } from "../value/value.ts";
import { ScheduleFacts, scheduleIssues, timingOf } from "./facts.ts";
import { holidaysOf } from "./holidays.ts";
import { type Preview, preview } from "./recurrence/preview.ts";
import type { Timing } from "./recurrence/recurrence.ts";

/** Times looked at beforehand, at most. */
const most = 100;

interface Reader {
  readonly n: number;
  /** The shop's unless given. */
  readonly zone?: string | null | undefined;
}

/** The next times of a timing, as a reader looks at them; they are those at which it fires. */
export async function previewOf(ctx: Context, timing: Timing, { n, zone }: Reader): Promise<Preview[]> {
  const holidays = await holidaysOf(ctx, timing);
  const there = canonicalOr(readTimeZone, zone ?? ctx.settings.shopTimeZone);
  return preview(timing, { zone: there, holidays }, ctx.clock(), Math.min(Math.max(n, 1), most));
}

/** The same of one that is nobody's yet. INVALID_INPUT for one that cannot be. */
export async function previewOfSaid(ctx: Context, said: z.input<typeof ScheduleFacts>, reader: Reader) {
  const facts = parseInput(ScheduleFacts, said);
  if (isRefusal(facts)) return facts;
  const issues = await scheduleIssues(ctx, facts, shopOf(ctx));
  return issues.length > 0 ? refuse.invalid(issues) : previewOf(ctx, timingOf(facts), reader);
}
