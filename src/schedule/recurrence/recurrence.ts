import { z } from "zod";
import { calendarDate } from "../../value/date.ts";
import { timeZone } from "../../value/time-zone.ts";
import { AtRule, at } from "./at.ts";
import { CountdownRule, countdown } from "./countdown.ts";
import { CronRule, cron } from "./cron.ts";
import type { Plan } from "./plan.ts";
import { SpreadRule, spread } from "./spread.ts";

/** What each kind of recurrence says. */
interface Rules {
  readonly at: AtRule;
  readonly cron: CronRule;
  readonly spread: SpreadRule;
  readonly countdown: CountdownRule;
}

/** Its name, as it stands in a recurrence. */
export type RecurrenceKind = keyof Rules;

/** The kinds that there are: what each comes to in a zone. */
const kinds: { readonly [Kind in RecurrenceKind]: (rule: Rules[Kind], zone: string) => Plan } = {
  at,
  cron,
  spread,
  countdown,
};

const kindNames = ["at", "cron", "spread", "countdown"] as const satisfies readonly RecurrenceKind[];

/** When something recurs: one of the kinds, under its name. */
export type Recurrence = { [Kind in RecurrenceKind]: Readonly<Record<Kind, Rules[Kind]>> }[RecurrenceKind];

const Said = z.strictObject({
  at: AtRule.optional(),
  cron: CronRule.optional(),
  spread: SpreadRule.optional(),
  countdown: CountdownRule.optional(),
});
type Said = z.infer<typeof Said>;

export const Recurrence = Said.transform((said, context): Recurrence => {
  if (isOne(said)) return said;
  const message = `must be one of ${kindNames.join(", ")}`;
  // A name that is none has been told already.
  if (context.issues.length === 0) context.issues.push({ code: "custom", message, input: said });
  return z.NEVER;
});

function isOne(said: Said): said is Recurrence {
  return Object.values(said).filter((rule) => rule !== undefined).length === 1;
}

/** A recurrence with all that says when it comes. */
export const Timing = z.strictObject({
  recurrence: Recurrence,
  /** IANA: its clock and its calendar count. */
  zone: timeZone(),
  /** Days, by the zone's calendar, on which nothing comes. */
  exclude: z
    .strictObject({
      dates: z.array(calendarDate()).max(1_000).default([]),
      /** Ids of lists of holidays. */
      holidays: z.array(z.int().positive()).max(50).default([]),
    })
    .prefault({}),
  /** By how much at most what is planned may come later, so that not all comes at once. */
  jitterSeconds: z.int().min(0).max(86_400).default(0),
});
export type Timing = z.infer<typeof Timing>;

/** What a recurrence comes to in a zone. */
export function planOf({ recurrence, zone }: Pick<Timing, "recurrence" | "zone">): Plan {
  for (const kind of kindNames) {
    const plan = planned(kind, recurrence, zone);
    if (plan) return plan;
  }
  throw new Error("A recurrence is of no kind.");
}

function planned<Kind extends RecurrenceKind>(kind: Kind, rules: Partial<Rules>, zone: string): Plan | undefined {
  const rule = rules[kind];
  return rule === undefined ? undefined : kinds[kind](rule, zone);
}

/**
 * The planned times (ms) of a timing strictly after one, ascending, one by one; finite where the recurrence is. Days
 * that are left out and jitter are not in it: they are decided when a time comes. What comes after a time is the same
 * whether it is asked from there or from long before.
 */
export function timesAfter(timing: Pick<Timing, "recurrence" | "zone">, after: number): Generator<number> {
  return planOf(timing).times(after);
}
