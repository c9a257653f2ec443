import type { z } from "zod";
import type { ScheduleFacts } from "../../schedule/facts.ts";
import {
  decisions,
  type MisfirePolicy,
  misfirePolicies,
  type OccurrenceState,
  type OverlapPolicy,
  occurrenceStates,
  overlapPolicies,
  type ScheduleState,
  scheduleStates,
} from "../../schedule/table.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { HolidayListType } from "./holiday-type.ts";

const misfireWords: Readonly<Record<MisfirePolicy, string>> = {
  RUN_NOW: "It fires as soon as it can; of several the newest alone.",
  SKIP: "It does not fire.",
  RUN_IF_WITHIN: "It fires unless it would come later than `withinMinutes`; of several the newest alone.",
};

export const MisfireEnum = enumOf(
  "MisfirePolicy",
  "What becomes of a time that was missed by more than two minutes, because nothing ran.",
  misfirePolicies,
  (policy) => misfireWords[policy],
);

const overlapWords: Readonly<Record<OverlapPolicy, string>> = {
  SKIP: "It does not fire.",
  QUEUE_ONE: "It waits until that is over; while one waits others do not fire.",
  RUN_BOTH: "It fires all the same.",
};

export const OverlapEnum = enumOf(
  "OverlapPolicy",
  "What becomes of a time that comes while what the one before set off is under way.",
  overlapPolicies,
  (policy) => overlapWords[policy],
);

const stateWords: Readonly<Record<ScheduleState, string>> = {
  ACTIVE: "It fires.",
  PAUSED: "It does not fire: what comes due meanwhile is skipped.",
  ENDED: "Nothing is left of it that could come.",
};

export const ScheduleStateEnum = enumOf(
  "ScheduleState",
  "Whether a schedule fires.",
  scheduleStates,
  (state) => stateWords[state],
);

const occurrenceWords: Readonly<Record<OccurrenceState, string>> = {
  PLANNED: "It is still to come.",
  QUEUED: "It waits until what the one before set off is over.",
  FIRED: "It fired, once.",
  SKIPPED: "It did not fire, and will not; `decision` says why.",
  CANCELLED: "An operator has it not come.",
};

export const OccurrenceStateEnum = enumOf(
  "OccurrenceState",
  "What became of one time of a schedule.",
  occurrenceStates,
  (state) => occurrenceWords[state],
);

export const DecisionEnum = builder.enumType("OccurrenceDecision", {
  description: "Why an occurrence fired as it did, or did not fire.",
  values: Object.fromEntries(
    Object.entries(decisions).map(([decision, description]) => [decision, { description }]),
  ) as Record<keyof typeof decisions, { description: string }>,
});

const CronInput = builder.inputType("CronInput", {
  description: "Again and again, by a cron line.",
  fields: (t) => ({
    line: t.string({
      required: true,
      description:
        "Minute, hour, day of the month, month, weekday, e.g. `0 9 * * 1`; by the clock of the schedule's zone.",
    }),
    from: t.field({ type: "DateTime", description: "Not before." }),
    until: t.field({ type: "DateTime", description: "Not after." }),
  }),
});

const SpreadInput = builder.inputType("SpreadInput", {
  description: "So many times in a window: the first at its start, the last at its end, the others evenly between.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", required: true, description: "The first, or the only one." }),
    until: t.field({ type: "DateTime", required: true, description: "The last." }),
    count: t.int({ required: true, description: "How many, 1–1,000; as many minutes must lie between." }),
  }),
});

const CountdownInput = builder.inputType("CountdownInput", {
  description: "Every so many days until a date, counted back from it.",
  fields: (t) => ({
    every: t.int({ required: true, description: "Days between two." }),
    to: t.string({ required: true, description: "The last day, `2027-12-24`." }),
    time: t.string({ required: true, description: "`09:00`, by the clock of the schedule's zone." }),
    from: t.string({ description: "The first day at which one may come." }),
  }),
});

const RecurrenceInput = builder.inputType("RecurrenceInput", {
  description: "When something comes: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    at: t.field({ type: "DateTime", description: "Once." }),
    cron: t.field({ type: CronInput, description: "By a cron line." }),
    spread: t.field({ type: SpreadInput, description: "Evenly in a window." }),
    countdown: t.field({ type: CountdownInput, description: "Every so many days until a date." }),
  }),
});

const ExclusionInput = builder.inputType("ScheduleExclusionInput", {
  description: "Days on which nothing comes, by the calendar of the schedule's zone.",
  fields: (t) => ({
    dates: t.stringList({ description: "`2027-12-25`; at most 1,000." }),
    holidayListIds: t.globalIDList({
      for: HolidayListType,
      description: "Lists of holidays, as they are then; at most 50.",
    }),
  }),
});

export const ScheduleInput = builder.inputType("ScheduleInput", {
  description: "When something comes, and what becomes of times that cannot be as they were planned.",
  fields: (t) => ({
    recurrence: t.field({ type: RecurrenceInput, required: true, description: "When." }),
    zone: t.string({ required: true, description: "IANA name of the zone whose clock and calendar count." }),
    exclude: t.field({ type: ExclusionInput, description: "When not." }),
    jitterSeconds: t.int({
      description: "By how much each may come later, so that not all comes at once; 0 unless given.",
    }),
    misfire: t.field({ type: MisfireEnum, description: "What becomes of missed times; `RUN_NOW` unless given." }),
    withinMinutes: t.int({ description: "Of `RUN_IF_WITHIN`: 3–44,640." }),
    overlap: t.field({ type: OverlapEnum, description: "While the one before is under way; `SKIP` unless given." }),
  }),
});

/** A schedule in the domain's words; what is wrong with it is said where it is read. */
export function scheduleOfInput(input: typeof ScheduleInput.$inferInput): z.input<typeof ScheduleFacts> {
  const { recurrence, zone, exclude, jitterSeconds, misfire, withinMinutes, overlap } = input;
  const { at, cron, spread, countdown } = recurrence;
  return {
    recurrence: {
      ...(typeof at === "number" && { at }),
      ...(cron && { cron: { line: cron.line, from: cron.from ?? null, until: cron.until ?? null } }),
      ...(spread && { spread }),
      ...(countdown && { countdown: { ...countdown, from: countdown.from ?? null } }),
    },
    zone,
    exclude: {
      dates: [...(exclude?.dates ?? [])],
      holidays: (exclude?.holidayListIds ?? []).map(({ id }) => toRowId(id)),
    },
    jitterSeconds: jitterSeconds ?? 0,
    misfire: misfire ?? "RUN_NOW",
    withinMinutes: withinMinutes ?? null,
    overlap: overlap ?? "SKIP",
  };
}
