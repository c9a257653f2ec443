import type { ArgBuilder } from "@pothos/core";
import { globalId } from "../../ids.ts";
import type { Backfill } from "../../schedule/backfill.ts";
import type { ScheduleFacts } from "../../schedule/facts.ts";
import { previewOf } from "../../schedule/preview.ts";
import type { Preview, Wall } from "../../schedule/recurrence/preview.ts";
import type { Recurrence, Timing } from "../../schedule/recurrence/recurrence.ts";
import { listOccurrences, occurrencesById, schedulesById } from "../../schedule/schedule.ts";
import type { Occurrence, Schedule } from "../../schedule/table.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";
import { DecisionEnum, MisfireEnum, OccurrenceStateEnum, OverlapEnum, ScheduleStateEnum } from "./schedule-input.ts";

const viewers = { role: "viewer" } as const;

const WallType = builder.objectRef<Wall>("WallTime").implement({
  description: "What a clock on the wall of a zone shows.",
  authScopes: viewers,
  fields: (t) => ({
    zone: t.exposeString("zone", { description: "IANA name of the zone." }),
    time: t.exposeString("time", { description: "`2027-03-28 03:30`." }),
    offset: t.exposeString("offset", { description: "Its offset from UTC then, `+02:00`." }),
  }),
});

/** As `RecurrenceInput` has it: moments as RFC 3339. */
function asInput(recurrence: Recurrence): object {
  const moments = new Set(["at", "from", "until"]);
  return JSON.parse(
    JSON.stringify(recurrence, (name, value: unknown) =>
      typeof value === "number" && moments.has(name) ? new Date(value).toISOString() : value,
    ),
  );
}

/** What was said of a schedule as `ScheduleInput` has it. */
export function asScheduleInput({ recurrence, exclude, ...said }: ScheduleFacts): object {
  return { recurrence: asInput(recurrence), ...said, exclude: asExclusion(exclude) };
}

function asExclusion({ dates, holidays }: Timing["exclude"]): object {
  return { dates, holidayListIds: holidays.map((id) => globalId("HolidayList", id)) };
}

/** How many times to come are looked at, and by whom. */
export const previewArgs = (arg: ArgBuilder<Types>) => ({
  first: arg.int({ defaultValue: 20, description: "How many, 1–100." }),
  zone: arg.string({ description: "The reader's zone; the shop's unless given." }),
});

export const PreviewType = builder.objectRef<Preview>("PlannedTime").implement({
  description: "One time that is to come.",
  authScopes: viewers,
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When; jitter is not in it." }),
    excluded: t.exposeBoolean("excluded", { description: "Whether nothing will come, because its day is left out." }),
    note: t.exposeString("note", {
      nullable: true,
      description: "What a change of the clock does to it, in words; null on all other days.",
    }),
    here: t.expose("here", { type: WallType, description: "In the schedule's zone." }),
    there: t.expose("there", { type: WallType, description: "In the reader's zone." }),
  }),
});

export const OccurrenceType = builder.node(builder.objectRef<Occurrence>("Occurrence"), {
  description: "One time of a schedule, and what became of it.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => occurrencesById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    plannedAt: t.expose("plannedAt", { type: "DateTime", description: "When it was planned for." }),
    dueAt: t.expose("dueAt", { type: "DateTime", description: "When it is due: with its jitter." }),
    state: t.expose("state", { type: OccurrenceStateEnum, description: "What became of it." }),
    decision: t.expose("decision", {
      type: DecisionEnum,
      nullable: true,
      description: "Why; null while it is to come.",
    }),
    decidedAt: t.expose("decidedAt", { type: "DateTime", nullable: true, description: "When that was decided." }),
    driftMs: t.int({
      nullable: true,
      description: "How much later than due it fired, in milliseconds; null unless it fired.",
      resolve: ({ state, decidedAt, dueAt }) => (state === "FIRED" && decidedAt !== null ? decidedAt - dueAt : null),
    }),
  }),
});

export const ScheduleType = builder.node(builder.objectRef<Schedule>("Schedule"), {
  description: "When something recurs.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => schedulesById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it sets off is called so." }),
    shop: t.exposeString("shop", { description: shopOfThing }),
    campaignId: t.field({
      type: "ID",
      nullable: true,
      description: "The campaign that it sets off.",
      resolve: ({ noun, thing }) => (noun === "campaign" ? globalId("Campaign", thing) : null),
    }),
    state: t.expose("state", { type: ScheduleStateEnum, description: "Whether it fires." }),
    note: t.exposeString("note", { nullable: true, description: "Why it is paused, where that was said." }),
    recurrence: t.field({
      type: "JSON",
      description: "When it comes, in the form of `RecurrenceInput`.",
      resolve: ({ timing }) => asInput(timing.recurrence),
    }),
    zone: t.string({ description: "The zone whose clock and calendar count.", resolve: ({ timing }) => timing.zone }),
    jitterSeconds: t.int({
      description: "By how much each may come later.",
      resolve: ({ timing }) => timing.jitterSeconds,
    }),
    exclude: t.field({
      type: "JSON",
      description: "Days on which nothing comes, in the form of `ScheduleExclusionInput`.",
      resolve: ({ timing }) => asExclusion(timing.exclude),
    }),
    misfire: t.expose("misfire", { type: MisfireEnum, description: "What becomes of missed times." }),
    withinMinutes: t.int({
      nullable: true,
      description: "Of `RUN_IF_WITHIN`: not later than this.",
      resolve: ({ withinMs }) => withinMs && withinMs / 60_000,
    }),
    overlap: t.expose("overlap", { type: OverlapEnum, description: "While the one before is under way." }),
    missed: t.exposeInt("missed", { description: "Times that did not come when they were due." }),
    next: t.field({
      type: [PreviewType],
      description:
        "The times to come, as the recurrence has them, those that somebody cancelled among them; none of one that " +
        "is over.",
      args: previewArgs(t.arg),
      complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? 20, 100) }),
      resolve: ({ state, timing }, { first, zone }, { ctx }): Preview[] | Promise<Preview[]> =>
        state === "ENDED" ? [] : previewOf(ctx, timing, { n: first ?? 20, zone }),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last changed." }),
    history: t.field(historyField("schedule")),
  }),
});

connectionField(ScheduleType, "occurrences", OccurrenceType, {
  description: "Its times that are rows: what came, the newest first, or with `upcoming` what is planned, the soonest.",
  scopes: viewers,
  args: (arg) => ({
    state: arg({ type: OccurrenceStateEnum, description: "Only those in this state." }),
    upcoming: arg.boolean({ defaultValue: false, description: "Whether the soonest come first." }),
  }),
  cursor: ({ plannedAt }) => plannedAt,
  list: (ctx, { state, upcoming, after, limit }, { id }) =>
    listOccurrences(ctx, { schedule: id, state: state ?? undefined, isForward: upcoming ?? false, after, limit }),
});

export const BackfillType = builder.objectRef<Backfill>("Backfill").implement({
  description: "What was made up for, or would be.",
  authScopes: viewers,
  fields: (t) => ({
    schedule: t.expose("schedule", { type: ScheduleType, description: "The schedule." }),
    times: t.field({
      type: ["DateTime"],
      description: "The times made up for, as they were planned.",
      resolve: ({ times }) => [...times],
    }),
    fired: t.exposeInt("fired", { description: "Times in the range that had fired already, or are to come." }),
  }),
});
